// The support bundle on a real control plane: what an administrator's holds, and what becomes of one by somebody without rights.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { boundVolume, claim } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { repository } from "../support/sources.ts";
import { unpack } from "../support/unpack.ts";

const CLUSTER_ID = "support-test";
const program = join(repository, "bin/keyless-csi.mjs");

describe("the support bundle of a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  /** Each in one place of the cluster. */
  const secrets = ["environment", "annotation", "argument", "event", "class"].map(
    (place) => `${place}-${randomBytes(12).toString("hex")}`,
  );
  const [inEnvironment = "", inAnnotation = "", inArgument = "", inEvent = "", inClass = ""] = secrets;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    const { plane, driver, apply, applyClass } = installation;
    const clientID = driver.ready.identities[0]?.clientId ?? "";
    await applyClass("own", { parameters: { clientID, isolation: "volume" } });
    await applyClass("wrong", { parameters: { clientID, accountKey: inClass } });
    await apply(claim("bound", "own", { annotations: { "example.com/a": inAnnotation } }), claim("waits", "wrong"));
    await boundVolume(plane, "bound");
    await plane.kubectl([
      "-n",
      "kube-system",
      "set",
      "env",
      "deployment/keyless-csi-controller",
      `PW=${inEnvironment}`,
    ]);
    await apply(podOf(inArgument));
    const uid = await plane.kubectl(["get", "pvc", "waits", "-o", "jsonpath={.metadata.uid}"]);
    await apply(eventOn(uid, `password: ${inEvent}`));
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  /** As a process of its own, with this kubeconfig. */
  async function supportWith(kubeconfig: string, name: string) {
    const { plane, driver } = installation;
    const file = join(plane.folder, `${name}.tar.gz`);
    const flags = ["--cloud-file", driver.readyFile, "--cluster-id", CLUSTER_ID, "--kubeconfig", kubeconfig];
    const printed = await new Promise<string>((resolve, reject) => {
      const argv = [program, "support", ...flags, "--claim", "default/waits", "--output", file];
      execFile(process.execPath, argv, (error, stdout, stderr) =>
        error ? reject(new Error(stderr)) : resolve(stdout),
      );
    });
    return { printed, files: await unpack(file, join(plane.folder, name)) };
  }

  it("holds the installation, its volumes and what doctor and orphans say, and none of the secrets", async () => {
    const { plane } = installation;
    const { files } = await supportWith(plane.kubeconfig, "administrator");
    const namesIn = (kind: string) =>
      (JSON.parse(files.get(`objects/${kind}.json`) ?? "[]") as { metadata: { name: string } }[]).map(
        ({ metadata }) => metadata.name,
      );
    assert.deepEqual(namesIn("deployments"), ["keyless-csi-controller"]);
    assert.deepEqual(namesIn("csidrivers"), ["keyless.blob.csi"]);
    assert.deepEqual(namesIn("storageclasses"), ["own", "wrong"]);
    assert.deepEqual(namesIn("persistentvolumeclaims"), ["waits", "bound"]);
    assert.equal(namesIn("persistentvolumes").length, 1);
    assert.ok(namesIn("validatingadmissionpolicies").includes("keyless-csi-volumes"));
    assert.ok(namesIn("clusterroles").length > 0);
    assert.ok(namesIn("leases").includes("keyless-blob-csi"), String(namesIn("leases")));
    assert.match(files.get("objects/events-of-persistentvolumeclaims.json") ?? "", /ProvisioningFailed/);
    assert.match(files.get("cluster-versions.json") ?? "", /"gitVersion": "v1\./);
    assert.match(files.get("doctor.json") ?? "", /"id": "sign-in"/);
    const { checks } = JSON.parse(files.get("doctor.json") ?? "") as {
      checks: { category: string; findings: { found: string }[] }[];
    };
    // The claim's class has a parameter that nobody knows; and the controller is looked for where it is, not in the context's namespace.
    const found = checks.flatMap(({ findings }) => findings.map((each) => each.found));
    assert.ok(checks.some(({ category }) => category === "claim"));
    assert.ok(
      found.some((each) => each.includes("kube-system/keyless-csi-controller")),
      found.join("\n"),
    );
    assert.equal((JSON.parse(files.get("orphans.json") ?? "{}") as { containersInUse: number }).containersInUse, 1);
    const all = [...files].flat().join("\n");
    assert.deepEqual(
      secrets.filter((secret) => all.includes(secret)),
      [],
    );
    // Nothing runs the pod, so that there is no log.
    assert.match(
      files.get("contents.txt") ?? "",
      /^ {2}logs\/one\/keyless-csi\.log\n {6}there is nothing to read yet$/m,
    );
  });

  it("has what one namespace holds where no other may be listed, as the controller's ServiceAccount may", async () => {
    const { files } = await supportWith(installation.kubeconfig, "controller");
    assert.match(files.get("contents.txt") ?? "", / objects\/deployments\.json, 1 object, kube-system alone\n/);
    assert.match(files.get("objects/deployments.json") ?? "", /"name": "keyless-csi-controller"/);
  });

  it("is a bundle all the same for somebody without rights, who sees what could not be read", async () => {
    const { plane } = installation;
    await plane.kubectl(["create", "serviceaccount", "nobody"]);
    const { files, printed } = await supportWith(await plane.kubeconfigOf("default", "nobody"), "nobody");
    assert.match(printed, /^ {2}objects\/deployments\.json\n {6}HTTP 403: deployments\.apps is forbidden: User/m);
    assert.match(printed, /^ {2}logs and metrics\n {6}HTTP 403: pods is forbidden/m);
    assert.deepEqual(
      [...files.keys()].filter((name) => name.startsWith("objects/")),
      [],
    );
    assert.ok(files.has("command-configuration.json"));
  });
});

function podOf(secret: string): string {
  const labels = { "app.kubernetes.io/name": "keyless-csi" };
  const container = { name: "keyless-csi", image: "none", args: ["controller", "--api-token", secret] };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "one", namespace: "kube-system", labels },
    spec: { containers: [container] },
  });
}

function eventOn(uid: string, message: string): string {
  const involvedObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "default", name: "waits", uid };
  const event = { involvedObject, reason: "Planted", message, type: "Warning", source: { component: "test" } };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "planted", namespace: "default" },
    ...event,
  });
}
