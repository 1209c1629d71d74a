// Two replicas of the shipped Deployment against a real API server and a slow Azure: each is the bundle with its own csi-provisioner
// and csi-resizer, which elect leaders. One dies, loses a container, or is replaced in a rolling update, while volumes are created.
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../scripts/bundle/node-flags.ts";
import { BUNDLES, bundle } from "../../scripts/bundle.ts";
import { claim, type Volume } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type ControllerPod, type PodOptions, startPod } from "../support/controller-pod.ts";
import { type Manifest, readManifests } from "../support/deployment.ts";
import { startEmulatedAzure } from "../support/emulated-driver.ts";
import type { EmulatorAdmin, HeldState } from "../support/emulator-admin.ts";
import { issuerFlags, letEntraReadKeys, trackFailures } from "../support/installation.ts";
import { orphansOf } from "../support/orphans-command.ts";
import { eventually, type Program, removeFolder } from "../support/processes.ts";

const CLUSTER_ID = "two-replicas";
/** Each answer takes 100 ms, one in a hundred 1 s; an account 5 s: a create takes several seconds, so that much is in flight. */
const SLOW = ["--call-milliseconds", "100/1000", "--account-creation-seconds", "5"];
const LEASE = { provisioner: "keyless-blob-csi", background: "keyless.blob.csi-background" };

describe("two replicas", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools
  let folder: string;
  let plane: ControlPlane;
  let emulator: Program;
  let admin: EmulatorAdmin;
  let seeded: HeldState;
  let options: Omit<PodOptions, "name">;
  /** Those that run. */
  let pods: ControllerPod[] = [];
  let started = 0;
  const hasFailed = trackFailures();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
    const file = await bundle(BUNDLES.service, folder);
    plane = await startControlPlane();
    await letEntraReadKeys(plane);
    const azure = await startEmulatedAzure(folder, [...issuerFlags(plane), ...SLOW]);
    const { ready, readyFile } = azure;
    ({ emulator, admin } = azure);
    seeded = await admin.state();
    options = { plane, readyFile, ready, entryPoint: [process.execPath, ...NODE_FLAGS, file], env: NODE_ENVIRONMENT };
    const config = `cluster-id: ${CLUSTER_ID}\nclient-id: ${ready.controller.clientId}\n`;
    await apply([
      ...(await readManifests()).filter(({ kind }) => kind !== "StorageClass"),
      configMap(config),
      storageClass("pool", { clientID: ready.identities[0]?.clientId ?? "" }),
      storageClass("own", { clientID: ready.identities[0]?.clientId ?? "", isolation: "volume" }),
    ]);
    await startPods(2);
  });
  after(async () => {
    const how = { keepLogs: hasFailed() };
    await Promise.all(pods.map((pod) => pod.kill()));
    await plane?.stop(how);
    await emulator?.stop();
    if (folder) await removeFolder(folder, how);
  });

  async function apply(objects: readonly object[]): Promise<void> {
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  }
  async function startPods(number: number): Promise<void> {
    for (let index = 0; index < number; index++)
      pods.push(await startPod({ ...options, name: `controller-${++started}` }));
  }

  /** The host name of a Lease's holder; csi-provisioner's is the host name itself. */
  async function holderOf(lease: string): Promise<string> {
    const ask = ["get", "lease", lease, "--namespace", "kube-system", "-o", "jsonpath={.spec.holderIdentity}"];
    return (await plane.kubectl(ask)).split("_")[0] ?? "";
  }
  const leader = () =>
    eventually(emulator, async () => {
      const holder = await holderOf(LEASE.provisioner);
      return pods.find(({ name }) => name === holder) ?? assert.fail(`${holder} holds the Lease`);
    });
  /** Waits until another pod than the given one holds a Lease, or only one that runs. */
  const takenOver = (lease: string, from?: ControllerPod) =>
    eventually(emulator, async () => {
      const holder = await holderOf(lease);
      assert.ok(holder !== from?.name && pods.some(({ name }) => name === holder), `${holder} holds the Lease`);
    });

  /** Creates claims, one in five with an account of its own. */
  async function createClaims(prefix: string, number: number): Promise<string[]> {
    const names = Array.from({ length: number }, (_, index) => `${prefix}-${index}`);
    await apply(names.map((name, index) => JSON.parse(claim(name, index % 5 === 0 ? "own" : "pool")) as object));
    return names;
  }
  /** Containers of claims whose names begin so. */
  async function containersOf(prefix: string): Promise<number> {
    const { containers } = await admin.state();
    return containers.filter(({ metadata }) => metadata["keyless_pvc_name"]?.startsWith(`${prefix}-`)).length;
  }
  const untilContainers = (prefix: string, number: number) =>
    eventually(emulator, async () => assert.ok((await containersOf(prefix)) >= number, "too few containers yet"));
  async function untilBound(names: readonly string[]): Promise<void> {
    const claims = names.map((name) => `pvc/${name}`);
    await plane.kubectl(["wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=180s", ...claims]);
  }
  async function volumes(): Promise<Volume[]> {
    return (JSON.parse(await plane.kubectl(["get", "pv", "-o", "json"])) as { items: Volume[] }).items;
  }

  /** Each claim has one volume, each volume one container and one role assignment there, and Azure holds nothing else. */
  async function assertNothingTwice(claims: number): Promise<void> {
    const [made, held] = [await volumes(), await admin.state()];
    assert.equal(made.length, claims);
    const wanted = made.map(({ spec }) => spec.csi.volumeHandle.split("#").slice(1, 3).join("/")).sort();
    const without = <T>(all: readonly T[], before: readonly T[], key: (each: T) => string) =>
      all.map(key).filter((each) => !before.map(key).includes(each));
    const containers = without(held.containers, seeded.containers, ({ account, name }) => `${account}/${name}`);
    assert.deepEqual(containers.map((path) => path.split("/").slice(-2).join("/")).sort(), wanted);
    const scopes = without(held.roleAssignments, seeded.roleAssignments, ({ name, scope }) => `${name} ${scope}`);
    const opened = scopes.map((scope) => /storageAccounts\/([^/]+)\/.*containers\/([^/]+)$/i.exec(scope)?.slice(1));
    assert.deepEqual(opened.map((parts) => parts?.join("/")).sort(), wanted);
  }
  async function assertNoOrphans(claims: number): Promise<void> {
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    const { findings, containersInUse } = await orphansOf({ driver: options, kubeconfig }, CLUSTER_ID);
    assert.deepEqual([findings, containersInUse], [[], claims]);
  }

  /** Waits until the size is in each claim's status. */
  async function expand(names: readonly string[]): Promise<void> {
    const spec = JSON.stringify({ spec: { resources: { requests: { storage: "7Gi" } } } });
    for (const name of names) await plane.kubectl(["patch", "pvc", name, "-p", spec]);
    const claims = names.map((name) => `pvc/${name}`);
    await plane.kubectl(["wait", "--for=jsonpath={.status.capacity.storage}=7Gi", "--timeout=180s", ...claims]);
    const { containers } = await admin.state();
    const sizes = containers.filter(({ metadata }) => names.includes(metadata["keyless_pvc_name"] ?? ""));
    assert.deepEqual(
      sizes.map(({ metadata }) => metadata["keyless_size_bytes"]),
      Array(5).fill(String(7 * 2 ** 30)),
    );
  }

  /** What was under way when something was done to a replica: without this a test would show nothing. */
  async function inFlight(prefix: string, claims: number): Promise<string> {
    const containers = await containersOf(prefix);
    const ask = ["get", "pvc", "-o", `jsonpath={range .items[?(@.status.phase=="Bound")]}{.metadata.name}{"\\n"}{end}`];
    const bound = (await plane.kubectl(ask)).split("\n").filter((name) => name.startsWith(`${prefix}-`)).length;
    assert.ok(bound < claims, "all volumes were made already");
    return `${bound} of ${claims} Bound, ${containers} containers`;
  }
  const since = (begun: number) => `${((Date.now() - begun) / 1000).toFixed(1)} s`;

  let dead: string[];

  it("lose no volume and make none twice when the leading pod dies with its node", async () => {
    const leading = await leader();
    dead = await createClaims("dead", 50);
    await untilContainers("dead", 5);
    const what = await inFlight("dead", 50);
    const begun = Date.now();
    pods = pods.filter((pod) => pod !== leading);
    await leading.kill();
    await takenOver(LEASE.provisioner, leading);
    const leads = since(begun);
    await untilBound(dead);
    console.log(`      killed at ${what}: the second led after ${leads}, all Bound after ${since(begun)}`);
    await assertNothingTwice(50);
    await assertNoOrphans(50);
    await startPods(1);
  });

  for (const container of ["keyless-csi", "csi-provisioner"] as const) {
    it(`go on when the leader's container ${container} is killed`, async () => {
      const before = (await volumes()).length;
      const leading = await leader();
      const claims = await createClaims(container, 20);
      await untilContainers(container, 2);
      const what = await inFlight(container, 20);
      const begun = Date.now();
      await leading.crash(container);
      await untilBound(claims);
      console.log(`      ${container} killed at ${what}: all Bound after ${since(begun)}`);
      await assertNothingTwice(before + 20);
    });
  }

  it("are replaced one after another while 200 volumes are created, 50 deleted and 5 expanded: nothing fails for good", async () => {
    const after = (await volumes()).length - 50 + 200;
    const old = [...pods];
    assert.deepEqual(await rollingUpdate(), { maxSurge: 1, maxUnavailable: 0 });
    const creating = createClaims("rolled", 200);
    const deleting = plane.kubectl(["delete", "pvc", "--wait=false", ...dead]);
    const expanding = expand(Array.from({ length: 5 }, (_, index) => `csi-provisioner-${index}`));
    await untilContainers("rolled", 20);
    const what = `${await inFlight("rolled", 200)}, ${await containersOf("dead")} of 50 to delete`;
    assert.notEqual(await containersOf("dead"), 0, "all were deleted already");
    const begun = Date.now();
    const first = await leader();
    for (const pod of [first, ...old.filter((each) => each !== first)]) {
      await startPods(1); // what is to go waits until the new one is ready
      pods = pods.filter((each) => each !== pod);
      const left = Date.now();
      const how = await pod.terminate();
      assert.equal(how["keyless-csi"], 0, `${pod.name} did not finish its work`);
      console.log(`      ${pod.name} ended ${since(left)} after SIGTERM: ${JSON.stringify(how)}`);
      await takenOver(LEASE.provisioner);
    }
    console.log(`      replaced at ${what}; both new ones ran after ${since(begun)}`);
    const claims = await creating;
    await untilBound(claims);
    console.log(`      all Bound ${since(begun)} after the beginning`);
    await Promise.all([deleting, expanding]);
    await eventually(emulator, async () => assert.equal((await volumes()).length, after));
    console.log(`      all deleted and expanded ${since(begun)} after the beginning`);
    await takenOver(LEASE.background);
    await assertNothingTwice(after);
    await assertNoOrphans(after);
  });

  /** How many pods a rolling update of the Deployment adds, and how many it may leave out. */
  async function rollingUpdate(): Promise<{ maxSurge: number; maxUnavailable: number }> {
    const where = ["--namespace", "kube-system", "-o", "json"];
    const { spec } = JSON.parse(await plane.kubectl(["get", "deployment/keyless-csi-controller", ...where])) as {
      spec: {
        replicas: number;
        strategy: { type: string; rollingUpdate: { maxSurge: string; maxUnavailable: string } };
      };
    };
    assert.equal(spec.strategy.type, "RollingUpdate");
    const { maxSurge, maxUnavailable } = spec.strategy.rollingUpdate;
    const ofReplicas = (percent: string) => (Number.parseInt(percent, 10) * spec.replicas) / 100;
    return { maxSurge: Math.ceil(ofReplicas(maxSurge)), maxUnavailable: Math.floor(ofReplicas(maxUnavailable)) };
  }
});

function configMap(config: string): Manifest {
  const metadata = { name: "keyless-csi", namespace: "kube-system" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "config.yaml": config } };
}

function storageClass(name: string, parameters: Readonly<Record<string, string>>): Manifest {
  const mountOptions = ["-o allow_other", "--block-cache", "--cancel-list-on-mount-seconds=0"];
  const how = {
    provisioner: "keyless.blob.csi",
    mountOptions,
    volumeBindingMode: "Immediate",
    allowVolumeExpansion: true,
  };
  return { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, parameters, ...how };
}
