// Lists over the whole cluster, through the real client over HTTP, from a server that pages as the API server does.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { writeKubeconfig } from "../../support/kubeconfig.ts";

const COUNT = 1_201;
const objectOf = (index: number) => ({
  metadata: { name: `pv-${index}`, uid: `uid-${index}` },
  spec: {
    csi: { driver: "any", volumeHandle: `handle-${index}`, volumeAttributes: { containerName: `c-${index}` } },
    claimRef: { namespace: "team", name: `claim-${index}`, uid: `claim-uid-${index}` },
  },
  status: { phase: "Bound" },
});

describe("lists over the whole cluster", () => {
  let server: Server;
  let folder: string;
  let cluster: Cluster;
  let requests: URL[];
  let expired: boolean;

  before(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://here");
      requests.push(url);
      const begin = Number(url.searchParams.get("continue") ?? 0);
      const end = Math.min(begin + Number(url.searchParams.get("limit")), COUNT);
      const status = expired && begin > 0 ? 410 : 200;
      const metadata = end < COUNT ? { continue: String(end) } : {};
      const items = Array.from({ length: end - begin }, (_, index) => objectOf(begin + index));
      const body = status === 200 ? { kind: "List", metadata, items } : { kind: "Status", code: 410 };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-kubeconfig-"));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = await writeKubeconfig(join(folder, "config"), { server: address });
    cluster = createCluster({ kubeconfig, now: () => 0 });
  });
  beforeEach(() => {
    requests = [];
    expired = false;
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it("reads every PersistentVolume, page by page", async () => {
    const volumes = await cluster.listVolumes();
    assert.equal(volumes.length, COUNT);
    const last = { name: "pv-1200", handle: "handle-1200", attributes: { containerName: "c-1200" } };
    assert.deepEqual(volumes.at(-1), {
      ...last,
      phase: "Bound",
      claim: { namespace: "team", name: "claim-1200", uid: "claim-uid-1200" },
    });
    assert.deepEqual(
      requests.map(({ pathname, searchParams }) => `${pathname} ${searchParams.get("continue") ?? ""}`.trim()),
      ["/api/v1/persistentvolumes", "/api/v1/persistentvolumes 500", "/api/v1/persistentvolumes 1000"],
    );
  });

  it("reads the UIDs of all claims of all namespaces", async () => {
    const uids = await cluster.listClaimUids();
    assert.equal(uids.size, COUNT);
    assert(uids.has("uid-0") && uids.has("uid-1200"));
    assert.equal(requests[0]?.pathname, "/api/v1/persistentvolumeclaims");
  });

  it("fails on an expired continue token: half a list proves nothing", async () => {
    expired = true;
    await assert.rejects(cluster.listVolumes(), { reason: "Unavailable", message: /all PersistentVolumes .*HTTP 410/ });
  });
});
