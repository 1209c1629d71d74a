// A claim's class, the CSIDriver of the node plugin and the events of a claim, through the real client over HTTP.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { readReferences } from "../../../src/backend/blob/references.ts";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { writeKubeconfig } from "../../support/kubeconfig.ts";

describe("claims and drivers from the API server", () => {
  let server: Server;
  let folder: string;
  let cluster: Cluster;
  /** `METHOD path` of each request, and the answer for each path. */
  let requests: string[];
  let answers: Map<string, { readonly status: number; readonly body: object }>;
  let written: Record<string, unknown>[];
  let now = 0;

  before(async () => {
    server = createServer(async (request, response) => {
      const path = (request.url ?? "").split("?", 1)[0] ?? "";
      requests.push(`${request.method} ${path}`);
      if (request.method === "POST") written.push(JSON.parse(await text(request)) as Record<string, unknown>);
      const { status, body } = answers.get(path) ?? { status: 404, body: { kind: "Status", code: 404 } };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-kubeconfig-"));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = await writeKubeconfig(join(folder, "config"), { server: address });
    cluster = createCluster({ kubeconfig, readReferences, now: () => now });
  });
  beforeEach(() => {
    requests = [];
    written = [];
    answers = new Map();
    now += 3_600_000;
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  const DRIVER = "/apis/storage.k8s.io/v1/csidrivers/keyless.blob.csi";
  const answer = (path: string, body: object, status = 200) => answers.set(path, { status, body });

  it("a driver is read once per minute", async () => {
    const spec = {
      attachRequired: false,
      requiresRepublish: true,
      volumeLifecycleModes: ["Persistent"],
      tokenRequests: [{ audience: "api://AzureADTokenExchange", expirationSeconds: 3600 }],
    };
    answer(DRIVER, { metadata: { name: "keyless.blob.csi" }, spec });
    const driver = await cluster.findCsiDriver("keyless.blob.csi");
    assert.deepEqual(driver, {
      tokenRequests: spec.tokenRequests,
      isRepublished: true,
      hasTokensInSecrets: false,
      isAttachRequired: false,
      isPersistent: true,
    });
    now += 59_999;
    assert.equal(await cluster.findCsiDriver("keyless.blob.csi"), driver);
    assert.equal(requests.length, 1);
    now += 1;
    answer(DRIVER, { spec: { ...spec, serviceAccountTokenInSecrets: true } });
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi"))?.hasTokensInSecrets, true);
  });

  it("a driver is read again on demand, and cached from then on", async () => {
    answer(DRIVER, { spec: {} });
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi"))?.isRepublished, false);
    answer(DRIVER, { spec: { requiresRepublish: true } });
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi"))?.isRepublished, false);
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi", { isFresh: true }))?.isRepublished, true);
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi"))?.isRepublished, true);
    assert.equal(requests.length, 2);
  });

  it("what a driver omits has the API's default: attached, persistent, without tokens", async () => {
    answer(DRIVER, { spec: {} });
    assert.deepEqual(await cluster.findCsiDriver("keyless.blob.csi"), {
      tokenRequests: [],
      isRepublished: false,
      hasTokensInSecrets: false,
      isAttachRequired: true,
      isPersistent: true,
    });
    now += 60_000;
    answer(DRIVER, { spec: { volumeLifecycleModes: ["Ephemeral"] } });
    assert.equal((await cluster.findCsiDriver("keyless.blob.csi"))?.isPersistent, false);
  });

  it("an absent driver and a failure are not cached; after a minute a failure does not return the cached driver", async () => {
    assert.equal(await cluster.findCsiDriver("keyless.blob.csi"), undefined);
    answer(DRIVER, { spec: {} });
    assert(await cluster.findCsiDriver("keyless.blob.csi"));
    now += 60_000;
    answer(DRIVER, { kind: "Status", code: 500 }, 500);
    await assert.rejects(cluster.findCsiDriver("keyless.blob.csi"), { reason: "Unavailable" });
    await assert.rejects(cluster.findCsiDriver("keyless.blob.csi"), { reason: "Unavailable" });
    answer(DRIVER, { kind: "Status", code: 403 }, 403);
    await assert.rejects(cluster.findCsiDriver("keyless.blob.csi"), /reading CSIDriver .* forbidden: .*rbac.yaml/);
    assert.equal(requests.length, 5);
  });

  it("claims that ask for a driver together ask the API server once, also for one that is absent", async () => {
    const askAll = () => Promise.all(Array.from({ length: 40 }, () => cluster.findCsiDriver("keyless.blob.csi")));
    assert.deepEqual(new Set(await askAll()), new Set([undefined]));
    assert.equal(requests.length, 1);
    answer(DRIVER, { spec: {} });
    assert.equal(new Set(await askAll()).size, 1);
    assert.equal(requests.length, 2);
  });

  it("a claim has its class", async () => {
    const claim = { metadata: { uid: "u" }, spec: { storageClassName: "fast" } };
    answer("/api/v1/namespaces/team/persistentvolumeclaims/data", claim);
    answer("/apis/storage.k8s.io/v1/storageclasses/fast", {
      provisioner: "x",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    const found = await cluster.findClaim({ namespace: "team", name: "data" });
    assert.deepEqual(found, { uid: "u", className: "fast" });
    assert(found && (await cluster.isBoundLate(found)));
  });

  it("a claim's class is the one of its older annotation, as Kubernetes reads it: the annotation before the field", async () => {
    const path = "/api/v1/namespaces/team/persistentvolumeclaims/data";
    const annotations = { "volume.beta.kubernetes.io/storage-class": "late" };
    const late = { provisioner: "x", volumeBindingMode: "WaitForFirstConsumer" };
    answer("/apis/storage.k8s.io/v1/storageclasses/late", late);
    answer("/apis/storage.k8s.io/v1/storageclasses/early", { provisioner: "x", volumeBindingMode: "Immediate" });
    for (const spec of [{}, { storageClassName: "early" }]) {
      answer(path, { metadata: { uid: "u", annotations }, spec });
      const found = await cluster.findClaim({ namespace: "team", name: "data" });
      assert.deepEqual(found, { uid: "u", className: "late" });
      assert(await cluster.isBoundLate(found));
    }
    answer(path, {
      metadata: { uid: "u", annotations: { "volume.beta.kubernetes.io/storage-class": "" } },
      spec: { storageClassName: "late" },
    });
    const without = await cluster.findClaim({ namespace: "team", name: "data" });
    assert.deepEqual(without, { uid: "u" });
    assert(without && !(await cluster.isBoundLate(without)));
  });

  it("a warning is an event on the claim, with a name that a retry reuses", async () => {
    const events = "/api/v1/namespaces/team/events";
    const warn = () =>
      cluster.warnClaim(
        { namespace: "team", name: "data" },
        { uid: "0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4" },
        { reason: "NoAllowOther", message: "root alone can use it: --sas=sv=1&sig=abcdef" },
      );
    answer(events, {}, 201);
    await warn();
    answer(events, { kind: "Status", code: 409 }, 409);
    await warn();
    const [first, second] = written;
    assert.deepEqual(first?.["metadata"], second?.["metadata"]);
    assert.deepEqual(first?.["metadata"], {
      name: "keyless-csi.0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4.noallowother",
      namespace: "team",
    });
    assert.deepEqual([first?.["type"], first?.["reason"]], ["Warning", "NoAllowOther"]);
    assert.equal(first?.["message"], "root alone can use it: --sas=sv=1&sig=[redacted]");
    answer(events, { kind: "Status", code: 403 }, 403);
    await assert.rejects(warn(), /writing an event on claim team\/data is forbidden/);
  });

  it("what is no warning is an event of type Normal", async () => {
    answer("/api/v1/namespaces/team/events", {}, 201);
    const notice = { reason: "AccessPending", message: "Azure has yet to apply it" };
    await cluster.informClaim({ namespace: "team", name: "data" }, { uid: "0e6ab0a2" }, notice);
    const [event] = written;
    assert.deepEqual(
      [event?.["type"], event?.["reason"], event?.["message"]],
      ["Normal", "AccessPending", "Azure has yet to apply it"],
    );
  });
});
