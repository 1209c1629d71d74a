// The life of an installation on a real control plane, from an empty cluster: helm install, upgrade, roll back and uninstall, then helm
// template and kubectl apply, with the controller and the sidecars running as the Deployment in the API server says, and an emulated
// Azure behind them.
import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLES, bundle } from "../../scripts/bundle.ts";
import { read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, namespace, serviceAccount, type Volume } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type Manifest, manifestOf } from "../support/deployment.ts";
import { startEmulatedAzure } from "../support/emulated-driver.ts";
import type { EmulatorAdmin } from "../support/emulator-admin.ts";
import { issuerFlags, letEntraReadKeys, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually, type Program, removeFolder, stopPrograms } from "../support/processes.ts";
import { repository } from "../support/sources.ts";
import {
  type Replica,
  type ReplicaOptions,
  readmeExcerpt,
  release,
  startReplica,
  valuesFor,
} from "./support/chart-installation.ts";
import { helm, render, renderText, type Values } from "./support/helm.ts";
import { helmTest, makeReady } from "./support/helm-test.ts";

describe("an installation by the chart", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools
  let folder: string;
  let plane: ControlPlane;
  let emulator: Program;
  let admin: EmulatorAdmin;
  let options: ReplicaOptions;
  let replica: Replica | undefined;
  let volume: Volume;
  let shared: Volume;
  const hasFailed = trackFailures();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
    const file = await bundle(BUNDLES.service, folder);
    plane = await startControlPlane({ schedulesPods: true });
    await letEntraReadKeys(plane);
    const azure = await startEmulatedAzure(folder, issuerFlags(plane));
    const { ready, readyFile } = azure;
    ({ emulator, admin } = azure);
    trustCloud(ready);
    options = { plane, readyFile, ready, bundle: file };
    await azureAdministrator(ready).trust(0, plane.server, "team-a", "app");
    await apply(namespace("team-a"), serviceAccount("app", "team-a", ready.identities[0]?.clientId ?? ""));
  });
  after(async () => {
    const how = { keepLogs: hasFailed() };
    await replica?.stop();
    await plane?.stop(how);
    if (emulator) await stopPrograms([emulator]);
    if (folder) await removeFolder(folder, how);
  });

  const apply = (...objects: readonly string[]) => plane.kubectl(["apply", "-f", "-"], objects.join("\n---\n"));
  const get = async <T>(...what: string[]): Promise<T> =>
    JSON.parse(await plane.kubectl(["get", ...what, "--output", "json"])) as T;
  const ofHelm = (...args: string[]) => helm([...args, "--kubeconfig", plane.kubeconfig, "--namespace", "kube-system"]);

  /** Binds a late claim without a scheduler that finds a node: its annotation is what the scheduler would write. */
  async function bindLate(name: string): Promise<Volume> {
    await plane.kubectl([
      "annotate",
      "pvc",
      name,
      "--namespace",
      "team-a",
      "volume.kubernetes.io/selected-node=node-1",
    ]);
    return boundVolume(plane, name, "team-a");
  }
  const opened = (of: Volume) =>
    openVolume(of, { plane, ready: options.ready, namespace: "team-a", serviceAccount: "app" });

  /** What is applied without Helm: all but the pod of `helm test`. */
  const rendered = (values: Values = {}) => renderText({ values: valuesFor(options, values), flags: ["--skip-tests"] });

  async function checksum(): Promise<string | undefined> {
    const { spec } = await get<Manifest>("deployment/keyless-csi-controller", "--namespace", "kube-system");
    const { template } = spec as { template: { metadata: { annotations: Record<string, string> } } };
    return template.metadata.annotations["checksum/config"];
  }
  async function configuration(): Promise<string> {
    const { data } = await get<{ data: Record<string, string> }>("configmap/keyless-csi", "--namespace", "kube-system");
    return data["config.yaml"] ?? "";
  }

  it("serves README's claim, and a pod's file is in it", async () => {
    const printed = await release(plane, "install", valuesFor(options));
    assert.match(printed, /The DaemonSet keyless-csi-node mounts the volumes/);
    replica = await startReplica(options);
    const readme = await readFile(join(repository, "README.md"), "utf8");
    await apply(readmeExcerpt(readme, "PersistentVolumeClaim"));
    volume = await bindLate("data");
    assert.equal(volume.spec.csi.driver, "keyless.blob.csi");
    assert.equal((await write(opened(volume), "hello.txt", "no key was needed")).status, 201);
    assert.equal((await read(opened(volume), "hello.txt")).text, "no key was needed");
    const { accounts, containers } = await admin.state();
    assert.deepEqual(
      accounts.map(({ properties }) => properties["allowSharedKeyAccess"]),
      [false],
    );
    assert.deepEqual(
      containers.map(({ name }) => name),
      [volume.metadata.name],
    );
  });

  it("fails helm test while something is wrong, and then passes it", async () => {
    const before = await helmTest(options, emulator);
    assert.match(before.message, /pod keyless-csi-doctor failed/);
    assert.match(before.log, /× the controller runs\n {4}Deployment kube-system\/keyless-csi-controller: 0 of 2 pods/);
    assert.match(before.log, / 1 error, /);
    await makeReady(plane, emulator);
    const after = await helmTest(options, emulator);
    assert.deepEqual([after.isPassed, after.message], [true, ""], after.log);
    assert.match(after.log, / 0 errors, /);
  });

  it("has metrics of csi-provisioner by the names that rules and dashboard read", async () => {
    const text = await (await fetch(replica?.provisionerMetrics ?? "")).text();
    const ours = '"keyless.blob.csi",grpc_status_code="OK",method_name="/csi.v1.Controller/CreateVolume"';
    assert.match(text, new RegExp(`^csi_sidecar_operations_seconds_count\\{driver_name=${ours}.*\\} 1$`, "m"));
  });

  it("runs its pods where restricted is enforced, but for the node plugin's", async () => {
    await apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "restricted", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
      }),
    );
    await apply(
      serviceAccount("keyless-csi-controller", "restricted", "unused"),
      serviceAccount("default", "restricted", "unused"),
    );
    const dryRun = async (kind: string) => {
      const { spec } = manifestOf(await render(), kind) as unknown as { spec: { template?: { spec: object } } };
      // A priority of the system is for kube-system alone.
      const podSpec = { ...(spec.template?.spec ?? spec), priorityClassName: undefined };
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "restricted" }, spec: podSpec };
      return plane.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(pod));
    };
    for (const kind of ["Deployment", "Pod"]) {
      assert.match(await dryRun(kind), /pod\/p created \(server dry run\)/);
    }
    await assert.rejects(dryRun("DaemonSet"), /violates PodSecurity "restricted/);
  });

  it("rolls when a value of the configuration changes, and keeps the others", async () => {
    const [before, configured] = [await checksum(), await configuration()];
    await release(plane, "upgrade", { config: { "log-level": "debug" } }, ["--reuse-values"]);
    assert.notEqual(await checksum(), before);
    const changed = await configuration();
    assert.equal(
      changed,
      configured.replace("location:", "location:").replace(/^(location: .*)$/m, "$1\nlog-level: debug"),
    );
    const sets = await eventually(emulator, async () => {
      const { items } = await get<{ items: unknown[] }>("replicasets", "--namespace", "kube-system");
      if (items.length < 2) throw new Error("the Deployment has not rolled yet");
      return items.length;
    });
    assert.equal(sets, 2);
    await ofHelm("rollback", "keyless-csi", "1");
    assert.deepEqual([await checksum(), await configuration()], [before, configured]);
  });

  it("leaves new mounts to an installed plugin once nodePlugin.mode is shared, and old ones where they are", async () => {
    const tokens = [{ audience: "api://AzureADTokenExchange", expirationSeconds: 3600 }];
    const spec = { attachRequired: false, podInfoOnMount: true, requiresRepublish: true, tokenRequests: tokens };
    const other = {
      apiVersion: "storage.k8s.io/v1",
      kind: "CSIDriver",
      metadata: { name: "blob.csi.azure.com" },
      spec,
    };
    await apply(JSON.stringify(other));
    const ofDaemonSet = ["daemonset/keyless-csi-node", "--namespace", "kube-system"];
    const before = await get<Manifest>(...ofDaemonSet);
    await plane.kubectl(["annotate", ...ofDaemonSet, "helm.sh/resource-policy=keep"]);
    await release(plane, "upgrade", valuesFor(options, { nodePlugin: { mode: "shared" } }));
    assert.deepEqual((await get<Manifest>(...ofDaemonSet))["spec"], before["spec"]);
    await replica?.stop();
    replica = await startReplica(options);
    await eventually(emulator, isRewritten);
    await makeReady(plane, emulator);
    const tested = await helmTest(options, emulator);
    assert.deepEqual([tested.isPassed, tested.message], [true, ""], tested.log);
    assert.match(tested.log, /√ new volumes are led to the node plugin:\s+keyless-csi-shared-node-plugin\n/);
    await apply(
      claim("more", "keyless", { namespace: "team-a", annotations: { "keyless-csi/service-account": "app" } }),
    );
    shared = await bindLate("more");
    assert.equal(shared.spec.csi.driver, "blob.csi.azure.com");
    assert.equal((await write(opened(shared), "hello.txt", "mounted by the other plugin")).status, 201);
    const old = await get<Volume>("pv", volume.metadata.name);
    assert.equal(old.spec.csi.driver, "keyless.blob.csi");
  });

  /** A new admission policy takes the API server a moment. */
  async function isRewritten(): Promise<void> {
    const annotations = { "pv.kubernetes.io/provisioned-by": "keyless.blob.csi" };
    const csi = { driver: "keyless.blob.csi", volumeHandle: "probe" };
    const spec = { accessModes: ["ReadWriteMany"], capacity: { storage: "1Gi" }, csi };
    const probe = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "probe", annotations }, spec };
    const flags = ["create", "--dry-run=server", "--output", "jsonpath={.spec.csi.driver}", "-f", "-"];
    assert.equal(await plane.kubectl(flags, JSON.stringify(probe)), "blob.csi.azure.com");
  }

  it("deletes a volume that the other plugin mounts", async () => {
    await plane.kubectl(["delete", "pvc", "more", "--namespace", "team-a"]);
    await plane.kubectl(["wait", "--for=delete", `pv/${shared.metadata.name}`, "--timeout=60s"]);
    const { containers } = await admin.state();
    assert.deepEqual(
      containers.map(({ name }) => name),
      [volume.metadata.name],
    );
  });

  it("uninstalls without touching data: volumes stay, readable with their workload's identity", async () => {
    await replica?.stop();
    replica = undefined;
    const before = await admin.state();
    await ofHelm("uninstall", "keyless-csi");
    const { items } = await get<{ items: Manifest[] }>(
      "deployments,daemonsets,configmaps,services,networkpolicies,poddisruptionbudgets,roles,rolebindings",
      "--namespace=kube-system",
      "--selector=app.kubernetes.io/instance=keyless-csi",
    );
    assert.deepEqual(
      items.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      ["DaemonSet keyless-csi-node"], // what still mounts the volumes that name it
    );
    assert.deepEqual(await admin.state(), before);
    assert.equal((await get<Volume>("pv", volume.metadata.name)).spec.csi.volumeHandle, volume.spec.csi.volumeHandle);
    assert.equal((await read(opened(volume), "hello.txt")).text, "no key was needed");
  });

  it("has a new pod wait for an attachment while the CSIDriver object is gone, instead of a mount without token", async () => {
    const flags = [
      "--leader-elect=false",
      "--secure-port=0",
      "--controllers=persistentvolume-attach-detach-controller",
    ];
    await plane.start("kube-controller-manager", [`--kubeconfig=${plane.kubeconfig}`, ...flags]);
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    const containers = [{ name: "app", image: "app", volumeMounts: [{ name: "data", mountPath: "/data" }] }];
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
    const spec = { nodeName: "node-1", serviceAccountName: "app", containers, volumes };
    await apply(
      JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "node-1", annotations } }),
      JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "app", namespace: "team-a" }, spec }),
    );
    await eventually(emulator, async () => {
      const { items } = await get<{ items: { spec: object; status: object }[] }>("volumeattachments");
      const source = { persistentVolumeName: volume.metadata.name };
      assert.deepEqual(
        items.map((item) => [item.spec, item.status]),
        [[{ attacher: "keyless.blob.csi", nodeName: "node-1", source }, { attached: false }]],
      );
    });
    await plane.kubectl(["delete", "pod", "app", "--namespace", "team-a", "--grace-period=0", "--force"]);
    await plane.kubectl(["delete", "node", "node-1"]);
  });

  it("serves the same volume again once it is applied by kubectl, as helm template renders it", async () => {
    await apply(await rendered());
    replica = await startReplica(options);
    await plane.kubectl(["delete", "pvc", "data", "--namespace", "team-a"]);
    await plane.kubectl(["wait", "--for=delete", `pv/${volume.metadata.name}`, "--timeout=60s"]);
    assert.deepEqual((await admin.state()).containers, []);
    assert.deepEqual(
      (await admin.state()).roleAssignments.filter(({ scope }) => scope.includes("/containers/")),
      [],
    );
  });

  it("binds README's claim when it is applied so, for either node plugin", async () => {
    const readmeClaim = readmeExcerpt(await readFile(join(repository, "README.md"), "utf8"), "PersistentVolumeClaim");
    const drivers: string[] = [];
    for (const mode of ["dedicated", "shared"]) {
      await apply(await rendered({ nodePlugin: { mode } }));
      await replica?.stop();
      replica = await startReplica(options);
      if (mode === "shared") await eventually(emulator, isRewritten);
      await apply(readmeClaim);
      const bound = await bindLate("data");
      drivers.push(bound.spec.csi.driver);
      assert.equal((await write(opened(bound), "hello.txt", mode)).status, 201);
      await plane.kubectl(["delete", "pvc", "data", "--namespace", "team-a"]);
      await plane.kubectl(["wait", "--for=delete", `pv/${bound.metadata.name}`, "--timeout=60s"]);
    }
    assert.deepEqual(drivers, ["keyless.blob.csi", "blob.csi.azure.com"]);
    assert.deepEqual((await admin.state()).containers, []);
  });
});
