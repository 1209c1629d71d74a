// docs/how-to/laptop.md on a real control plane: deploy/examples/emulator.yaml as it is, its container's arguments and its ConfigMap in
// processes, and the page's commands of kubectl. Replaced is only what a pod's own network and file system give.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { boundVolume } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type ControllerPod, startPod } from "../support/controller-pod.ts";
import { argumentsOf, type Manifest, withFlags } from "../support/deployment.ts";
import { connectAdmin, type EmulatorAdmin, type ReadyFile } from "../support/emulator-admin.ts";
import { trackFailures } from "../support/installation.ts";
import { eventually, fileWrittenBy, type Program, startKeylessCsi } from "../support/processes.ts";
import { repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";

const NAMESPACE = "azure-emulator";

describe("a cluster on a laptop, with the emulator in place of Azure", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let plane: ControlPlane;
  let page: string;
  let emulator: Program;
  let ready: ReadyFile;
  let admin: EmulatorAdmin;
  let pod: ControllerPod;
  let folder: string;
  const hasFailed = trackFailures();

  before(async () => {
    for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool); // a build must not count as start-up time
    page = await readFile(join(repository, "docs/how-to/laptop.md"), "utf8");
    plane = await startControlPlane();
    folder = await mkdtemp(join(plane.folder, "azure-"));
  });
  after(async () => {
    await pod?.kill();
    await emulator?.stop();
    await plane?.stop({ keepLogs: hasFailed() });
  });

  /** The one command of the page that begins so, as it stands there. */
  function commandOf(begin: string): string {
    const lines = page.replaceAll(/\\\n +/g, "").split("\n");
    const [found, another] = lines.filter((line) => line.startsWith(`$ ${begin}`));
    assert.ok(found !== undefined && another === undefined, `the page has one command ${begin}`);
    return found.slice(2);
  }

  const read = async (kind: string, namespace: string, name: string) =>
    JSON.parse(await plane.kubectl(["get", kind, name, "--namespace", namespace, "--output", "json"])) as Manifest;

  it("accepts the emulator's objects, and the controller's after them", async () => {
    for (const begin of ["kubectl apply -f deploy/examples", "kubectl apply -f deploy/manifests"]) {
      const path = commandOf(begin).split(" ").at(-1) ?? "";
      await plane.kubectl(["apply", "-f", join(repository, path)]);
    }
  });

  it("starts the emulator with the Deployment's arguments, in a pod of the restricted standard", async () => {
    const deployment = await read("deployment", NAMESPACE, "azure");
    const args = withFlags(argumentsOf(deployment, "azure"), {
      listen: "127.0.0.1:0",
      "reachable-as": "localhost",
      "ready-file": join(folder, "ready.json"),
      "cluster-issuer": plane.server,
      "issuer-ca": plane.caFile,
    });
    emulator = await startKeylessCsi(["emulator", ...args], { name: "azure", logFolder: folder });
    ready = JSON.parse(await fileWrittenBy(emulator, join(folder, "ready.json"))) as ReadyFile;
    trustCloud(ready);
    admin = await connectAdmin(ready);
    assert.match(ready.armEndpoint, /^https:\/\/localhost:\d+$/);
    const { template } = deployment["spec"] as { template: { spec: object } };
    const one = { apiVersion: "v1", kind: "Pod", metadata: { name: "one", namespace: NAMESPACE }, spec: template.spec };
    await eventually(emulator, () => plane.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(one)));
  });

  it("puts the emulator's authority beside the configuration", async () => {
    const [, program = ""] =
      /node -p '([^']*)' > ca\.json$/.exec(
        commandOf("kubectl -n azure-emulator exec deployment/azure -- node -p 'JSON.stringify("),
      ) ?? [];
    const here = program.replaceAll('"/azure/', `"${folder}/`);
    const { stdout } = await promisify(execFile)(process.execPath, ["-p", here]);
    const patch = join(folder, "ca.json");
    await writeFile(patch, stdout);
    const [, ...args] = commandOf("kubectl -n kube-system patch configmap").split(" ");
    await plane.kubectl(args.map((each) => (each === "ca.json" ? patch : each)));
    const { data } = (await read("configmap", "kube-system", "keyless-csi")) as unknown as {
      data: Record<string, string>;
    };
    assert.equal(data["ca.pem"], await readFile(join(folder, "ready-ca.pem"), "utf8"));
    const cloud = JSON.parse(data["cloud.json"] ?? "") as Record<string, string>;
    const { tenantId, subscriptionId, resourceGroup, location } = ready;
    assert.deepEqual({ ...cloud }, { ...cloud, tenantId, subscriptionId, resourceGroup, location });
    assert.match(data["config.yaml"] ?? "", new RegExp(`client-id: ${ready.controller.clientId}\n`));
    const at = { armEndpoint: ready.armEndpoint, authorityHost: ready.authorityHost, blobEndpoint: ready.blobEndpoint };
    await writeFile(join(folder, "ca.pem"), data["ca.pem"] ?? "");
    await writeFile(join(folder, "cloud.json"), JSON.stringify({ ...cloud, ...at }));
  });

  it("binds a claim: the controller signs in with its own token of this cluster", async () => {
    const audience = "--audience=api://AzureADTokenExchange";
    const token = ["create", "token", "keyless-csi-controller", "--namespace", "kube-system", audience];
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, await plane.kubectl(token));
    const controller = { ...ready.controller, tokenFile };
    const entryPoint = [process.execPath, join(repository, "bin/keyless-csi.mjs")] as const;
    const readyFile = join(folder, "cloud.json");
    pod = await startPod({ plane, readyFile, ready: { ...ready, controller }, entryPoint, name: "one" });
    const [, from = "", to = ""] = /sed 's\/([^/]*)\/([^/]*)\/' /.exec(commandOf("sed ")) ?? [];
    const oneIdentity = await readFile(join(repository, "deploy/examples/one-identity.yaml"), "utf8");
    assert.ok(oneIdentity.includes(from) && to.includes(ready.identities[0]?.clientId ?? "-"));
    await plane.kubectl(["apply", "-f", "-"], oneIdentity.replace(from, to));
    await plane.kubectl(["create", "namespace", "demo"]);
    const [, claim = ""] = /<<'YAML'\n([\s\S]*?)\nYAML/.exec(page) ?? [];
    await plane.kubectl(["apply", "-f", "-"], claim);
    const { spec } = await boundVolume(plane, "data", "demo");
    const { containers, roleAssignments } = await admin.state();
    assert.deepEqual(
      containers.map(({ name }) => name),
      [spec.csi.volumeAttributes["containerName"]],
    );
    const [own] = ready.identities;
    assert.ok(
      roleAssignments.some(({ principalId, scope }) => principalId === own?.principalId && scope.includes("pvc-")),
    );
  });

  it("lets the workload's ServiceAccount of this cluster sign in, and not another", async () => {
    await plane.kubectl(["create", "serviceaccount", "workload-a", "--namespace", "demo"]);
    await plane.kubectl(["create", "serviceaccount", "workload-b", "--namespace", "demo"]);
    const statusOf = async (serviceAccount: string) => {
      const audience = "--audience=api://AzureADTokenExchange";
      const token = await plane.kubectl(["create", "token", serviceAccount, "--namespace", "demo", audience]);
      const form = {
        grant_type: "client_credentials",
        client_id: ready.identities[0]?.clientId ?? "",
        client_assertion: token.trim(),
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        scope: "https://storage.azure.com/.default",
      };
      const url = `${ready.authorityHost}/${ready.tenantId}/oauth2/v2.0/token`;
      return (await fetch(url, { method: "POST", body: new URLSearchParams(form) })).status;
    };
    assert.deepEqual([await statusOf("workload-a"), await statusOf("workload-b")], [200, 401]);
  });

  it("leaves no container when the claim is deleted", async () => {
    const [, ...args] = "kubectl -n demo delete pvc data".split(" ");
    assert.ok(page.includes(`kubectl ${args.join(" ")}`));
    await plane.kubectl(args);
    await eventually(emulator, async () => assert.deepEqual((await admin.state()).containers, []));
  });
});
