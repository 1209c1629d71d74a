// The cluster's mark at start: what is waited for, and what ends the controller with a reason.
import assert from "node:assert/strict";
import { readClusterMark } from "../../../src/app/cluster-mark.ts";
import { DriverError } from "../../../src/errors.ts";
import { NO_CLUSTER } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";

const clusterWith = (findNamespaceUid: Cluster["findNamespaceUid"]): Cluster => ({
  ...NO_CLUSTER,
  isConnected: true,
  findNamespaceUid,
});
const unavailable = () => Promise.reject(new DriverError("Unavailable", "no answer"));

describe("the cluster's mark", () => {
  let slept: number[];
  const sleep = async (milliseconds: number) => void slept.push(milliseconds);
  beforeEach(() => {
    slept = [];
  });

  it("is the UID of namespace kube-system, and there is none without Kubernetes", async () => {
    const cluster = clusterWith(async (name) => `uid of ${name}`);
    assert.equal(await readClusterMark(cluster, { pausesMs: [], sleep }), "uid of kube-system");
    assert.equal(await readClusterMark(NO_CLUSTER, { pausesMs: [], sleep }), undefined);
  });

  it("is waited for while the API server does not answer, a limited number of times", async () => {
    let calls = 0;
    const late = clusterWith(async () => {
      calls += 1;
      return calls < 3 ? await unavailable() : "uid";
    });
    assert.equal(await readClusterMark(late, { pausesMs: [1, 2, 4], sleep }), "uid");
    assert.deepEqual(slept, [1, 2]);
    slept = [];
    await assert.rejects(readClusterMark(clusterWith(unavailable), { pausesMs: [1, 2], sleep }), /no answer/);
    assert.deepEqual(slept, [1, 2]);
    await assert.rejects(readClusterMark(clusterWith(unavailable), { pausesMs: [], sleep }), /no answer/);
    assert.deepEqual(slept, [1, 2]);
  });

  it("that cannot be read is a missing right, and not waited for", async () => {
    const forbidden = () =>
      Promise.reject(new DriverError("Misconfigured", "reading namespace kube-system is forbidden"));
    for (const read of [async () => undefined, forbidden])
      await assert.rejects(
        readClusterMark(clusterWith(read), { pausesMs: [1], sleep }),
        /needs the right to get namespaces \(deploy\/manifests\/rbac.yaml\)/,
      );
    assert.deepEqual(slept, []);
  });
});
