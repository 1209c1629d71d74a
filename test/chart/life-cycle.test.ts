// The commands of the pages on installing and upgrading, run in their order on a real control plane: install with Helm, configure,
// uninstall; install without Helm, and move to the chart; the tutorial's.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import type { Manifest } from "../support/deployment.ts";
import { trackFailures } from "../support/installation.ts";
import { commandsOf } from "../support/page-commands.ts";
import { repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";
import { CONFIGURED } from "./support/helm.ts";

/** What this machine cannot do, by the beginning of a command. */
const NOT_RUN = {
  "make push-image": "it needs docker, and a registry",
  "kubectl --namespace kube-system rollout status": "no node runs pods here",
  "kubectl -n kube-system rollout status": "no node runs pods here",
  "kubectl --namespace kube-system logs": "no node runs pods here",
  "helm test": "no node runs pods here; install.test.ts plays the kubelet",
  "kubectl drain": "there is no node",
  "kubectl --namespace kube-system delete pod": "there is no node",
  "kubectl uncordon": "there is no node",
  $EDITOR: "a person's: the test fills the file in",
};

/** As csi-provisioner makes it for a claim of team-a. */
function persistentVolume(name: string): string {
  const annotations = { "pv.kubernetes.io/provisioned-by": "keyless.blob.csi" };
  const volumeHandle = `keyless-data#account#${name}###7b9d4e21-5c3f-4a86-b0d2-1e2f3a4b5c6d`;
  const csi = { driver: "keyless.blob.csi", volumeHandle };
  const claimRef = { namespace: "team-a", name: "data" };
  const spec = { accessModes: ["ReadWriteMany"], capacity: { storage: "1Gi" }, csi, claimRef };
  return JSON.stringify({ apiVersion: "v1", kind: "PersistentVolume", metadata: { name, annotations }, spec });
}

describe("the commands of", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools
  const install = commandsOf("how-to/install.md");
  const upgrade = commandsOf("how-to/upgrade.md");
  const tutorial = commandsOf("tutorial.md", "###").get("The controller") ?? [];
  const hasRun = new Set<string>();
  let folder: string;
  let plane: ControlPlane;
  let environment: NodeJS.ProcessEnv;
  const hasFailed = trackFailures();

  before(async () => {
    plane = await startControlPlane({ schedulesPods: true });
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-pages-"));
    await cp(join(repository, "deploy"), join(folder, "deploy"), { recursive: true }); // a checkout
    const tools = [await toolPath("helm"), await toolPath("kubectl")].map((path) => dirname(path));
    environment = {
      ...process.env,
      KUBECONFIG: plane.kubeconfig,
      PATH: [...tools, process.env["PATH"]].join(delimiter),
    };
    await mkdir(join(folder, "home"));
    environment["HOME"] = join(folder, "home");
    await writeValues({});
  });
  after(async () => {
    await plane?.stop({ keepLogs: hasFailed() });
    if (folder) await rm(folder, { recursive: true });
  });

  const writeValues = (config: object, others: object = {}) =>
    writeFile(join(folder, "values.yaml"), JSON.stringify({ ...others, config: { ...CONFIGURED.config, ...config } }));

  /** Runs one command as a shell would; rejects with what it printed. */
  function run(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", command], { cwd: folder, env: environment });
      let output = "";
      child.stdout.on("data", (data) => (output += data));
      child.stderr.on("data", (data) => (output += data));
      child.on("error", reject);
      child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(`${command}: ${output}`))));
    });
  }

  /** Runs the commands of a section that this machine can run; answers what they printed. */
  async function follow(section: readonly string[] | undefined, only = (_: string) => true): Promise<string> {
    const printed: string[] = [];
    for (const command of (section ?? assert.fail("no such section")).filter(only)) {
      hasRun.add(command);
      if (Object.keys(NOT_RUN).some((beginning) => command.startsWith(beginning))) continue;
      printed.push(await run(command));
    }
    return printed.join("\n");
  }
  /** Runs the first command that copies the configuration, and fills the copy in; answers the commands that are left. */
  async function fillIn(section: readonly string[]): Promise<readonly string[]> {
    const index = section.findIndex((command) => command.startsWith("cp "));
    await follow(section.slice(0, index + 1));
    const file = join(folder, "configuration.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace('cluster-id: ""', "cluster-id: live-id"));
    return section.slice(index + 1);
  }

  const byHelm = (command: string) => command.startsWith("helm");
  const byKubectl = (command: string) => !byHelm(command);

  const ours = async () => {
    const kinds =
      "deployments,daemonsets,configmaps,services,networkpolicies,poddisruptionbudgets,serviceaccounts,roles";
    const cluster = "storageclasses,csidrivers,clusterroles,validatingadmissionpolicies";
    const text = await run(`kubectl get ${kinds},${cluster} --namespace kube-system --output json`);
    const { items } = JSON.parse(text) as { items: Manifest[] };
    return items
      .filter(({ metadata }) => metadata.name.startsWith("keyless"))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  };
  const configuration = () =>
    run("kubectl --namespace kube-system get configmap keyless-csi --output jsonpath='{.data.config\\.yaml}'");

  it("install.md: with Helm, everything is there", async () => {
    await follow(install.get("With Helm"));
    const made = await ours();
    for (const object of [
      "Deployment keyless-csi-controller",
      "DaemonSet keyless-csi-node",
      "ConfigMap keyless-csi",
      "CSIDriver keyless.blob.csi",
      "StorageClass keyless",
      "NetworkPolicy keyless-csi-controller",
      "PodDisruptionBudget keyless-csi-controller",
      "ValidatingAdmissionPolicy keyless-csi-volumes",
    ]) {
      assert(made.includes(object), object);
    }
  });

  it("install.md: a changed value reaches the configuration", async () => {
    await writeValues({ "log-level": "debug" });
    await follow(install.get("Configure"), byHelm);
    assert.match(await configuration(), /^log-level: debug$/m);
  });

  it("install.md: another way to mount leaves the DaemonSet of the one before until it is deleted", async () => {
    await plane.kubectl(["apply", "-f", "-"], persistentVolume("pvc-0"));
    await writeValues({ "log-level": "debug" }, { nodePlugin: { mode: "shared" } });
    const isDeletion = (command: string) => command.includes(" delete ");
    const section = install.get("Change the way to mount");
    const [toKeep = ""] = section ?? [];
    await assert.rejects(follow(section, byHelm), ({ message }: Error) => message.includes(toKeep));
    assert((await ours()).includes("DaemonSet keyless-csi-node"));
    assert.match(await follow(section, (command) => !isDeletion(command)), /^pvc-0$/m);
    assert((await ours()).includes("DaemonSet keyless-csi-node"));
    assert.match(await run("kubectl get mutatingadmissionpolicies"), /keyless-csi-shared-node-plugin/);
    await follow(section, isDeletion);
    assert(!(await ours()).includes("DaemonSet keyless-csi-node"));
    await run("kubectl delete pv pvc-0");
    await writeValues({ "log-level": "debug" });
    await follow(install.get("Configure"), byHelm);
    assert((await ours()).includes("DaemonSet keyless-csi-node"));
  });

  it("upgrade.md: upgrade and roll back", async () => {
    await writeValues({ "log-level": "warn" });
    await follow(upgrade.get("Upgrade"));
    assert.match(await configuration(), /^log-level: warn$/m);
    await follow(upgrade.get("Roll back"));
    assert.match(await configuration(), /^log-level: debug$/m);
  });

  it("install.md: uninstalling lists what is left, and leaves PersistentVolumes", async () => {
    await plane.kubectl(["apply", "-f", "-"], persistentVolume("pvc-1"));
    const printed = await follow(
      install.get("Uninstall"),
      (command) => byHelm(command) || command.startsWith("kubectl get"),
    );
    assert.match(printed, /^pvc-1\t\w+\tteam-a\/data$/m);
    assert.deepEqual(await ours(), []);
    assert.match(await run("kubectl get pv pvc-1"), /keyless|pvc-1/);
  });

  it("install.md: what helm template renders is applied, and deleted, by kubectl", async () => {
    const section = install.get("With helm template");
    await follow(section, (command) => !command.startsWith("kubectl delete"));
    const made = await ours();
    assert(made.includes("Deployment keyless-csi-controller") && made.includes("DaemonSet keyless-csi-node"));
    await follow(section, (command) => command.startsWith("kubectl delete"));
    assert.deepEqual(await ours(), []);
    assert.match(await run("kubectl get pv pvc-1"), /pvc-1/);
  });

  it("install.md: without Helm, applying the manifests again keeps the live configuration", async () => {
    const others = await fillIn(install.get("Without Helm") ?? []);
    await follow(others);
    await follow(others, (command) => command.includes("-k deploy"));
    assert.match(await configuration(), /^cluster-id: live-id$/m);
    await follow(install.get("Configure"), byKubectl);
  });

  it("upgrade.md: the chart takes over what the manifests installed, without replacing an object", async () => {
    const uids = async () =>
      run(
        "kubectl --namespace kube-system get deployment,daemonset,serviceaccount,configmap --selector app.kubernetes.io/name --output jsonpath='{.items[*].metadata.uid}'",
      );
    const before = await uids();
    await writeValues({ "cluster-id": "live-id" });
    await follow(upgrade.get("From deploy/manifests to the chart"));
    const after = (await uids()).split(" ");
    for (const uid of before.split(" ")) assert(after.includes(uid), `${uid} was replaced`);
    assert.match(await configuration(), /^cluster-id: live-id$/m);
    assert.match(await run("helm list --namespace kube-system"), /keyless-csi.*deployed/);
  });

  it("install.md: uninstalling without Helm leaves nothing but what the chart added", async () => {
    await follow(install.get("Uninstall"), (command) => command.startsWith("kubectl delete"));
    assert.deepEqual(await ours(), ["ConfigMap keyless-csi-dashboard"]);
    assert.match(await run("kubectl get pv pvc-1"), /pvc-1/);
  });

  it("tutorial.md: the controller and the node plugin are there, with the reader's image", async () => {
    await follow(await fillIn(tutorial));
    const images = "jsonpath={.spec.template.spec.containers[*].image}";
    const printed = await run(`kubectl -n kube-system get deployment keyless-csi-controller -o '${images}'`);
    assert.match(printed, /^<registry>\/keyless-csi:0\.2\.0 /);
    const made = await ours();
    assert(made.includes("DaemonSet keyless-csi-node") && made.includes("StorageClass keyless"));
    assert.match(await configuration(), /^cluster-id: live-id$/m);
  });

  it("each page are all run, but for what cannot be here", () => {
    const all = [...install.values(), ...upgrade.values(), tutorial].flat();
    assert(all.length > 15);
    assert.deepEqual(
      all.filter((command) => !hasRun.has(command)),
      [],
    );
    const unused = Object.keys(NOT_RUN).filter((beginning) => !all.some((command) => command.startsWith(beginning)));
    assert.deepEqual(unused, []);
  });
});
