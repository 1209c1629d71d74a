// What version 0.1.0 has installed and made on a real control plane, taken over by this version: first in the order of the
// changelog's "Upgrading", with deploy/manifests, then by the chart, as docs/how-to/upgrade.md says.
import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../scripts/bundle/node-flags.ts";
import { BUNDLES, bundle } from "../../scripts/bundle.ts";
import { read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, eventOf, namespace, serviceAccount, type Volume } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type ControllerPod, type PodOptions, startPod } from "../support/controller-pod.ts";
import { connectCsi } from "../support/csi-client.ts";
import { type Manifest, readManifests } from "../support/deployment.ts";
import { startEmulatedAzure } from "../support/emulated-driver.ts";
import type { EmulatorAdmin, HeldState } from "../support/emulator-admin.ts";
import { issuerFlags, letEntraReadKeys, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually, type Program, removeFolder } from "../support/processes.ts";
import { repository } from "../support/sources.ts";
import { type FormerVersion, unpackFormerVersion } from "../upgrade/former-version.ts";
import { release, valuesFor } from "./support/chart-installation.ts";

/** What 0.1.0 shipped, and this version refuses. */
const FORMER_ID = "my-cluster";
const CONFIG = { "cluster-id": "renamed", "also-owns": [FORMER_ID] };
const TENANT = { namespace: "team-a", annotations: { "keyless-csi/service-account": "app" } };

describe("an installation of version 0.1.0", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools
  let folder: string;
  let plane: ControlPlane;
  let emulator: Program;
  let admin: EmulatorAdmin;
  let seeded: HeldState;
  let former: FormerVersion;
  let options: Omit<PodOptions, "name" | "entryPoint"> & { readonly bundle: string };
  let pod: ControllerPod | undefined;
  const hasFailed = trackFailures();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
    former = await unpackFormerVersion(folder);
    const file = await bundle(BUNDLES.service, folder);
    plane = await startControlPlane();
    await letEntraReadKeys(plane);
    const azure = await startEmulatedAzure(folder, issuerFlags(plane));
    const { ready, readyFile } = azure;
    ({ emulator, admin } = azure);
    seeded = await admin.state();
    trustCloud(ready);
    options = { plane, readyFile, ready, bundle: file };
    await azureAdministrator(ready).trust(0, plane.server, "team-a", "app");
    const { tenantId, subscriptionId, resourceGroup, location, controller } = ready;
    const ids = { "tenant-id": tenantId, "subscription-id": subscriptionId, "resource-group": resourceGroup };
    await former.configure({ ...ids, location, "client-id": controller.clientId });
    await plane.kubectl(["apply", "-f", former.manifests]);
    await apply(namespace("team-a"), serviceAccount("app", "team-a", ready.identities[0]?.clientId ?? ""));
    await apply(ownClass("own", ready.identities[0]?.clientId ?? ""));
    pod = await startPod({ ...options, entryPoint: former.entryPoint, name: "former" });
  });
  after(async () => {
    const how = { keepLogs: hasFailed() };
    await pod?.kill();
    await plane?.stop(how);
    await emulator?.stop();
    if (folder) await removeFolder(folder, how);
  });

  const apply = (...objects: readonly string[]) => plane.kubectl(["apply", "-f", "-"], objects.join("\n---\n"));
  const opened = (of: Volume) =>
    openVolume(of, { plane, ready: options.ready, namespace: "team-a", serviceAccount: "app" });
  const volumes = async () =>
    (JSON.parse(await plane.kubectl(["get", "pv", "-o", "json"])) as { items: Volume[] }).items;
  const handles = async () => (await volumes()).map(({ spec }) => spec.csi.volumeHandle).sort();

  /** Creates a claim and binds it without a scheduler: the annotation is what the scheduler would write. */
  async function bind(name: string, storageClass: string): Promise<Volume> {
    await request(name, storageClass);
    return boundVolume(plane, name, "team-a");
  }
  async function request(name: string, storageClass: string): Promise<void> {
    await apply(claim(name, storageClass, TENANT));
    const node = "volume.kubernetes.io/selected-node=node-1";
    await plane.kubectl(["annotate", "pvc", name, "--namespace", "team-a", node]);
  }
  async function expand(name: string, size: string): Promise<void> {
    const patch = JSON.stringify({ spec: { resources: { requests: { storage: size } } } });
    await plane.kubectl(["patch", "pvc", name, "--namespace", "team-a", "-p", patch]);
    const grown = [`--for=jsonpath={.status.capacity.storage}=${size}`, "--timeout=60s"];
    await plane.kubectl(["wait", ...grown, "--namespace", "team-a", `pvc/${name}`]);
  }
  async function remove(name: string): Promise<void> {
    const { metadata } = await boundVolume(plane, name, "team-a");
    await plane.kubectl(["delete", "pvc", name, "--namespace", "team-a"]);
    await plane.kubectl(["wait", "--for=delete", `pv/${metadata.name}`, "--timeout=60s"]);
  }
  const containerOf = async ({ metadata }: Volume) =>
    (await admin.state()).containers.find(({ name }) => name === metadata.name);
  const sizeOf = async (volume: Volume) => (await containerOf(volume))?.metadata["keyless_size_bytes"];
  const clusterOf = async ({ spec }: Volume) => {
    const { accounts } = await admin.state();
    const name = spec.csi.volumeAttributes["storageaccount"];
    return accounts.find((account) => account.name === name)?.tags["keyless-csi.cluster"];
  };

  /** A rolling update: the new pod runs before the old one goes. */
  async function roll(name: string): Promise<void> {
    const before = pod;
    const entryPoint = [process.execPath, ...NODE_FLAGS, options.bundle] as const;
    pod = await startPod({ ...options, entryPoint, env: NODE_ENVIRONMENT, name });
    await before?.terminate();
  }
  async function listed(): Promise<string[]> {
    const csi = connectCsi(pod?.endpoint ?? "", 1);
    try {
      const { entries } = await csi.controller("ListVolumes", {});
      return entries.map(({ volume }) => volume?.volume_id ?? "").sort();
    } finally {
      csi.close();
    }
  }

  let data: Volume;
  let gone: Volume;
  let own: Volume;

  it("has made volumes, with its own program", async () => {
    data = await bind("data", "keyless-blob");
    gone = await bind("gone", "keyless-blob");
    own = await bind("own", "own");
    assert.equal((await write(opened(data), "hello.txt", "written under 0.1.0")).status, 201);
    assert.equal(await clusterOf(data), FORMER_ID);
    assert.match(await readFile(pod?.container("keyless-csi").logFile ?? "", "utf8"), /0\.1\.0/);
  });

  it("is upgraded in the order of the changelog", async () => {
    const manifests = join(repository, "deploy/manifests");
    // 1. In the cluster, before the new image; the class keeps its name, and the new one comes with the rest.
    for (const file of ["rbac.yaml", "admission-policy.yaml"])
      await plane.kubectl(["apply", "-f", join(manifests, file)]);
    // 2. The configuration: another id, and the former one in also-owns.
    const file = join(former.manifests, "configuration.yaml");
    const text = (await readFile(file, "utf8")).replace(FORMER_ID, `renamed\n    also-owns: [${FORMER_ID}]`);
    await plane.kubectl(["apply", "-f", "-"], text);
    // 3. The roles in Azure: nothing has to be done. Then the new image.
    await plane.kubectl(["apply", "-k", join(repository, "deploy")]);
    await roll("upgraded");
    assert.deepEqual(await listed(), await handles());
    assert.deepEqual(await handles(), [data, gone, own].map(({ spec }) => spec.csi.volumeHandle).sort());
  });

  it("gives its class no new volumes for several pods until it has mount options, as the changelog says", async () => {
    await request("refused", "keyless-blob");
    const message = await eventually(emulator, () => eventOf(plane, "refused", "ProvisioningFailed", "team-a"));
    assert.match(message, /--block-cache/);
    await plane.kubectl(["delete", "pvc", "refused", "--namespace", "team-a"]);
    await assertHeld([data, gone, own]);
  });

  it("goes on afterwards: a file is read, a volume expanded, one made, two deleted", async () => {
    assert.equal((await read(opened(data), "hello.txt")).text, "written under 0.1.0");
    await expand("data", "7Gi");
    assert.equal(await sizeOf(data), String(7 * 2 ** 30));
    const fresh = await bind("fresh", "keyless");
    assert.equal(await clusterOf(fresh), "renamed");
    assert.equal((await write(opened(fresh), "hello.txt", "written under 0.2")).status, 201);
    for (const name of ["gone", "own"]) await remove(name);
    await assertHeld([data, fresh]);
  });

  it("is taken over by the chart, as the page says, and nothing of 0.1.0 is left but its class", async () => {
    const values = valuesFor(options, { config: CONFIG, nodePlugin: { mode: "none" } });
    for (const more of [["--dry-run=server"], []])
      await release(plane, "install", values, ["--take-ownership", "--force-conflicts", ...more]);
    await roll("chart");
    const managed = await Promise.all([...(await formerObjects()), ...(await readManifests())].map(managerOf));
    assert.deepEqual(
      [...new Set(managed.filter((each) => !each.endsWith(" keyless-csi")))],
      ["StorageClass keyless-blob: "],
    );
  });

  it("goes on under the chart: a volume of 0.1.0 is expanded and deleted, a new one made, and the old class goes", async () => {
    await eventually(emulator, async () => assert.deepEqual(await listed(), await handles()));
    await expand("data", "8Gi");
    assert.equal(await sizeOf(data), String(8 * 2 ** 30));
    const more = await bind("more", "keyless");
    await remove("data");
    await plane.kubectl(["delete", "storageclass", "keyless-blob", "--ignore-not-found"]);
    for (const name of ["fresh", "more"]) await remove(name);
    assert.equal(await containerOf(more), undefined);
    await assertHeld([]);
  });

  /** Azure holds the containers of these volumes with a role assignment each, and nothing else of this cluster. */
  async function assertHeld(wanted: readonly Volume[]): Promise<void> {
    const { containers, roleAssignments } = await admin.state();
    assert.deepEqual(
      containers
        .map(({ name }) => name)
        .filter((name) => !seeded.containers.some((each) => each.name === name))
        .sort(),
      wanted.map(({ metadata }) => metadata.name).sort(),
    );
    const scopes = roleAssignments.map(({ scope }) => scope).filter((scope) => scope.includes("/containers/"));
    assert.deepEqual(
      scopes.map((scope) => scope.split("/").at(-1)).sort(),
      wanted.map(({ metadata }) => metadata.name).sort(),
    );
  }

  async function formerObjects(): Promise<Manifest[]> {
    const text = await plane.kubectl(["create", "--dry-run=client", "-o", "yaml", "-f", former.manifests]);
    return parseAllDocuments(text).flatMap((document) => {
      const object = document.toJS() as Manifest & { readonly items?: Manifest[] };
      return object.items ?? [object];
    });
  }

  /** `Kind name: release` of an object in the cluster; the release is empty where Helm does not have it. */
  async function managerOf({ kind, metadata }: Manifest): Promise<string> {
    const where = metadata.namespace === undefined ? [] : ["--namespace", metadata.namespace];
    const annotation = "jsonpath={.metadata.annotations.meta\\.helm\\.sh/release-name}";
    return `${kind} ${metadata.name}: ${await plane.kubectl(["get", kind, metadata.name, ...where, "-o", annotation])}`;
  }
});

/** One account for each volume, for an identity that the class names. */
function ownClass(name: string, clientID: string): string {
  const parameters = { clientID, isolation: "volume" };
  const of = { provisioner: "keyless.blob.csi", allowVolumeExpansion: true, volumeBindingMode: "WaitForFirstConsumer" };
  return JSON.stringify({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    parameters,
    ...of,
  });
}
