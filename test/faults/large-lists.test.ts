// Lists that tenants make long: the controller has 512 MiB for everybody, and one event loop. Real processes, so that memory
// and blocking are the whole program's. KEYLESS_CSI_SOURCES=<checkout> measures the sources of another one.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Listed, type PagingServer, startPagingServer } from "../support/paging-server.ts";
import { repository } from "../support/sources.ts";
import { report } from "./support/figures.ts";
import type { Taken } from "./support/read-lists.ts";

/** The shipped Deployment's limit is 512 MiB, and the process does more than this. */
const MOST_MIB = 320;
/** Probe has a second; a busy machine stretches every pause. */
const MOST_BLOCKED_MS = 500;

const runProgram = promisify(execFile);

async function measure(server: PagingServer, what: "pods" | "volumes", calls: number): Promise<Taken> {
  const checkout = process.env["KEYLESS_CSI_SOURCES"] ?? repository;
  const program = join(repository, "test/faults/support/read-lists.ts");
  const { stdout } = await runProgram(process.execPath, [program, checkout, server.kubeconfig, what, String(calls)]);
  return JSON.parse(stdout) as Taken;
}

/** A pod with as many environment variables as it takes: they become the most objects of all that a pod can have. */
function podOf(index: number, variables: number): Listed & object {
  const env = Array.from({ length: variables }, (_, each) => ({ name: `SETTING_${each}`, value: "x".repeat(40) }));
  const condition = {
    type: "PodScheduled",
    status: "False",
    lastTransitionTime: "2026-11-26T00:00:00Z",
    reason: "Unschedulable",
  };
  return {
    metadata: {
      name: `pod-${index}`,
      ...{ namespace: "team", uid: `uid-${index}`, labels: { app: "web" }, creationTimestamp: "2026-11-26T00:00:00Z" },
      ...{
        managedFields: [{ manager: "kubectl", operation: "Update", fieldsV1: { "f:spec": { "f:containers": {} } } }],
      },
    },
    ...{ apiVersion: "v1", kind: "Pod" },
    ...{
      spec: {
        serviceAccountName: "app",
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: `data-${index}` } }],
        containers: [{ name: "main", image: "example.com/app:1", env, resources: { requests: { cpu: "100m" } } }],
        tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" }],
      },
    },
    status: { phase: "Pending", ...{ conditions: [condition, { ...condition, type: "Ready" }] } },
  };
}

describe("lists that tenants make long", function () {
  this.timeout(300_000);
  let server: PagingServer;

  beforeEach(async () => {
    server = await startPagingServer();
  });
  afterEach(() => server.stop());

  function assertBounded(what: string, { peakMiB, idleMiB, blockedMs, milliseconds }: Taken): void {
    report(
      13,
      `${what}: peak ${peakMiB} MiB (${idleMiB} before), event loop blocked at most ${blockedMs} ms, ${milliseconds} ms in all, ` +
        `${server.requests.length} requests`,
    );
    assert(peakMiB < MOST_MIB, `${peakMiB} MiB`);
    assert(blockedMs < MOST_BLOCKED_MS, `${blockedMs} ms`);
  }

  it("2,000 pods of 8 KB that wait in a namespace, and 10 claims at once: each finds its pod", async () => {
    const pods = Array.from({ length: 2_000 }, (_, index) => podOf(index, 90));
    server.lists.set("/api/v1/namespaces/team/pods", pods);
    const taken = await measure(server, "pods", 10);
    assertBounded(`2,000 pods of ${kilobytes(pods)} KB, 10 claims`, taken);
    assert.deepEqual(taken.answers, Array(10).fill(1));
  });

  it("400 pods of 250 KB, and 10 claims at once: too much to read, so the claims must be annotated", async () => {
    const pods = Array.from({ length: 400 }, (_, index) => podOf(index, 3_200));
    server.lists.set("/api/v1/namespaces/team/pods", pods);
    const taken = await measure(server, "pods", 10);
    assertBounded(`400 pods of ${kilobytes(pods)} KB, 10 claims`, taken);
    assert.deepEqual(taken.answers, Array(10).fill("Misconfigured"));
  });

  it("5,000 PersistentVolumes, and 100 deletions at once: two lists", async () => {
    const volumes = Array.from({ length: 5_000 }, (_, index) => volumeOf(index));
    server.lists.set("/api/v1/persistentvolumes", volumes);
    const taken = await measure(server, "volumes", 100);
    assertBounded(`5,000 PersistentVolumes of ${kilobytes(volumes)} KB, 100 deletions`, taken);
    assert.deepEqual(taken.answers, Array(100).fill(0));
    assert.equal(server.requests.length, 2 * 10);
  });
});

function kilobytes([first]: readonly object[]): number {
  return Math.round(JSON.stringify(first).length / 1000);
}

function volumeOf(index: number): Listed & object {
  const csi = {
    driver: "keyless.blob.csi",
    volumeHandle: `rg#account#pvc-${index}###11111111-1111-4111-8111-111111111111`,
    volumeAttributes: { storageaccount: "account", containerName: `pvc-${index}`, protocol: "fuse2" },
  };
  const claimRef = { namespace: "team", name: `data-${index}`, uid: `uid-${index}` };
  return {
    metadata: { name: `pvc-${index}`, ...{ annotations: { fields: "x".repeat(1_500) } } },
    ...{ spec: { capacity: { storage: "1Gi" }, csi, claimRef } },
    status: { phase: index < 100 ? "Released" : "Bound" },
  };
}
