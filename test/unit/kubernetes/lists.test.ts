// Lists over the whole cluster, through the real client over HTTP, from a server that pages as the API server does.
import assert from "node:assert/strict";
import { readReferences } from "../../../src/backend/blob/references.ts";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { type PagingServer, startPagingServer } from "../../support/paging-server.ts";

const COUNT = 1_201;
const objectOf = (index: number) => ({
  metadata: {
    name: `pv-${index}`,
    uid: `uid-${index}`,
    annotations: { "pv.kubernetes.io/provisioned-by": `driver-${index}` },
  },
  spec: {
    csi: { driver: "any", volumeHandle: `handle-${index}`, volumeAttributes: { containerName: `c-${index}` } },
    claimRef: { namespace: "team", name: `claim-${index}`, uid: `claim-uid-${index}` },
  },
  status: { phase: "Bound" },
});

describe("lists over the whole cluster", () => {
  let server: PagingServer;
  let cluster: Cluster;

  beforeEach(async () => {
    server = await startPagingServer();
    const objects = Array.from({ length: COUNT }, (_, index) => objectOf(index));
    for (const kind of ["persistentvolumes", "persistentvolumeclaims"]) server.lists.set(`/api/v1/${kind}`, objects);
    cluster = createCluster({ kubeconfig: server.kubeconfig, readReferences, now: () => 0 });
  });
  afterEach(() => server.stop());

  it("reads every PersistentVolume, page by page", async () => {
    const volumes = await cluster.listVolumes();
    assert.equal(volumes.length, COUNT);
    const last = { name: "pv-1200", handle: "handle-1200", attributes: { containerName: "c-1200" } };
    assert.deepEqual(volumes.at(-1), {
      ...last,
      phase: "Bound",
      provisioner: "driver-1200",
      claim: { namespace: "team", name: "claim-1200", uid: "claim-uid-1200" },
    });
    assert.deepEqual(
      server.requests.map(({ pathname, searchParams }) => `${pathname} ${searchParams.get("continue") ?? ""}`.trim()),
      ["/api/v1/persistentvolumes", "/api/v1/persistentvolumes 500", "/api/v1/persistentvolumes 1000"],
    );
  });

  it("reads the UIDs of all claims of all namespaces", async () => {
    const uids = await cluster.listClaimUids();
    assert.equal(uids.size, COUNT);
    assert(uids.has("uid-0") && uids.has("uid-1200"));
    assert.equal(server.requests[0]?.pathname, "/api/v1/persistentvolumeclaims");
  });

  it("fails on an expired continue token: half a list proves nothing", async () => {
    server.before = (url) => (url.searchParams.has("continue") ? 410 : 200);
    await assert.rejects(cluster.listVolumes(), { reason: "Unavailable", message: /all PersistentVolumes .*HTTP 410/ });
  });

  it("fails on an answer that is no list: nothing is no proof that nothing is in use", async () => {
    for (const body of ["{}", '{"kind":"Status","status":"Success"}', '{"kind":"PersistentVolumeList","items":{}}']) {
      server.instead = () => body;
      await assert.rejects(cluster.listVolumes(), { reason: "Unavailable", message: /all PersistentVolumes/ }, body);
    }
    server.instead = () => '{"kind":"PersistentVolumeList","items":null}';
    assert.deepEqual(await cluster.listVolumes(), [], "an empty list as Go may write it");
  });
});
