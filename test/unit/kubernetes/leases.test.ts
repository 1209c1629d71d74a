// The record of an election as a Lease, through the real client over HTTP; test/cluster uses a real API server.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { LeaseStore } from "../../../src/concurrency/leadership.ts";
import { createLeaseStore } from "../../../src/kubernetes/leases.ts";
import { writeKubeconfig } from "../../support/kubeconfig.ts";

interface Written {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

describe("a Lease", () => {
  let server: Server;
  let folder: string;
  let store: LeaseStore;
  /** `METHOD path` of each request. */
  let requests: string[];
  let written: Written[];
  let answers: { readonly status: number; readonly body: object }[];

  before(async () => {
    server = createServer(async (request, response) => {
      requests.push(`${request.method} ${request.url}`);
      const body = await text(request);
      if (body !== "") written.push(JSON.parse(body) as Written);
      const answer = answers.shift() ?? { status: 500, body: {} };
      response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-kubeconfig-"));
  });
  beforeEach(async () => {
    [requests, written, answers] = [[], [], []];
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = await writeKubeconfig(join(folder, "config"), { server: address, namespace: "storage" });
    store = createLeaseStore({ kubeconfig, name: "x-background" });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  const ALL = "/apis/coordination.k8s.io/v1/namespaces/storage/leases";
  const ONE = `${ALL}/x-background`;
  const answer = (status: number, body: object = { kind: "Status", code: status }) => answers.push({ status, body });
  const acquireTime = "2026-11-26T10:00:00.000000Z";
  const leaseOf = (holderIdentity: string, resourceVersion: string) => ({
    metadata: { name: "x-background", namespace: "storage", resourceVersion, labels: { kept: "yes" } },
    spec: { holderIdentity, leaseDurationSeconds: 45, acquireTime, renewTime: acquireTime, leaseTransitions: 3 },
  });
  const ours = { holder: "pod_1", durationMs: 45_000 };

  it("that does not exist is created, in the namespace of the kubeconfig's context", async () => {
    answer(404);
    assert.equal(await store.read(), undefined);
    answer(201, leaseOf("pod_1", "7"));
    assert.deepEqual(await store.write(ours, undefined), { ...ours, version: "7" });
    assert.deepEqual(requests, [`GET ${ONE}`, `POST ${ALL}`]);
    const [{ spec } = assert.fail("nothing written")] = written;
    assert.deepEqual(
      [spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]],
      ["pod_1", 45, 0],
    );
    assert.match(String(spec["renewTime"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, "a MicroTime");
  });

  it("is renewed in the version that was read, and keeps when it was acquired and what others wrote into it", async () => {
    answer(200, leaseOf("pod_1", "7"));
    const read = await store.read();
    assert.deepEqual(read, { ...ours, version: "7" });
    answer(200, leaseOf("pod_1", "8"));
    assert.equal((await store.write(ours, read))?.version, "8");
    assert.equal(requests.at(-1), `PUT ${ONE}`);
    const { metadata, spec } = written[0] ?? assert.fail("nothing written");
    assert.deepEqual(metadata, leaseOf("", "7").metadata);
    assert.deepEqual([spec["acquireTime"], spec["leaseTransitions"]], [acquireTime, 3]);
    assert.notEqual(spec["renewTime"], acquireTime);
  });

  it("of another is taken over as a transition, and given up without a holder, which the API must not be sent empty", async () => {
    answer(200, leaseOf("pod_2", "7"));
    const read = await store.read();
    answer(200, leaseOf("pod_1", "8"));
    const held = await store.write(ours, read);
    assert.equal(written[0]?.spec["leaseTransitions"], 4);
    assert.notEqual(written[0]?.spec["acquireTime"], acquireTime);
    answer(200, { ...leaseOf("", "9"), spec: {} });
    const released = await store.write({ ...ours, holder: "" }, held);
    assert.deepEqual(released, { holder: "", durationMs: 0, version: "9" });
    assert.ok(!("holderIdentity" in (written[1]?.spec ?? {})));
  });

  it("that somebody else has written, created or deleted in the meantime is not written", async () => {
    answer(200, leaseOf("pod_2", "7"));
    const read = await store.read();
    for (const status of [409, 404]) {
      answer(status);
      assert.equal(await store.write(ours, read), undefined);
    }
    answer(409);
    assert.equal(await store.write(ours, undefined), undefined);
    requests.length = 0;
    assert.equal(await store.write(ours, { ...ours, version: "of another read" }), undefined);
    assert.deepEqual(requests, []);
  });

  it("without the right to it names the file that grants it, and without an answer says so", async () => {
    answer(403);
    await assert.rejects(store.read(), /reading Lease storage\/x-background is forbidden: .*rbac\.yaml/);
    answer(500);
    await assert.rejects(store.write(ours, undefined), { reason: "Unavailable" });
  });
});
