// Volumes of every shipped class in pods on a real node, under a node plugin of this driver's own name (way A, dedicated): what a
// pod writes reaches storage, and a pod without access does not read it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { decodeJwt } from "jose";
import { AUDIENCE } from "../support/azure-administrator.ts";
import { eventOf } from "../support/cluster-objects.ts";
import { manifestOf, readManifests } from "../support/deployment.ts";
import { trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { KUBELET_FOLDER } from "./support/kubelet.ts";
import { mountsBelow } from "./support/mounts.ts";
import { claim, NOT_ROOT, pod, podSpec, refusedMount, remove, running, shell } from "./support/pods.ts";
import { OUR_DRIVER, type Stage, startStage } from "./support/stage.ts";
import { useStaticVolume } from "./support/static.ts";
import { addTenants, applyShippedClasses, storageOf } from "./support/tenants.ts";

describe("a pod on a node with a node plugin of this driver's own name", function () {
  this.timeout(180_000); // a guard against a hang only
  let stage: Stage;
  let classes: string[];
  const hasFailed = trackFailures();

  before(async () => {
    stage = await startStage({ nodeDriver: OUR_DRIVER });
    await addTenants(stage);
    classes = await applyShippedClasses(stage);
  });
  after(() => stage?.stop({ keepLogs: hasFailed() }));

  /** A claim of a class and a pod that uses it, both with the same name. */
  const use = async (name: string, className: string, more: Partial<Parameters<typeof pod>[0]> = {}) => {
    const namespace = more.namespace ?? "team";
    await stage.apply(
      claim({ name, namespace, className }),
      pod({ name, namespace, claim: name, securityContext: NOT_ROOT, ...more }),
    );
  };

  it("that is not root reads and writes a volume of each shipped class", async () => {
    assert.ok(classes.length >= 5, classes.join(", "));
    for (const name of classes) await use(name, name);
    for (const name of classes) {
      await running(stage, "team", name);
      assert.equal(await shell(stage, "team", name, "id -u; id -G"), "1000\n3000 2000\n", name);
      const text = await shell(
        stage,
        "team",
        name,
        "echo written by a pod > /data/hello && sync /data/hello && cat /data/hello",
      );
      assert.equal(text, "written by a pod\n", name);
      const storage = await storageOf(stage, "team", name);
      assert.equal(await storage.read("hello"), "written by a pod\n", name);
      assert.equal(storage.volume.spec.csi.driver, OUR_DRIVER, name);
    }
  });

  it("finds its files owned by its fsGroup", async () => {
    assert.equal(await shell(stage, "team", classes[0] ?? "", "stat -c %g /data/hello"), "2000\n");
  });

  it("leaves its file to the next pod of the claim", async () => {
    const name = classes[0] ?? "";
    await remove(stage, "team", name);
    await stage.apply(pod({ name: "successor", namespace: "team", claim: name, securityContext: NOT_ROOT }));
    await running(stage, "team", "successor");
    assert.equal(await shell(stage, "team", "successor", "cat /data/hello"), "written by a pod\n");
  });

  it("shares a volume with another pod of its ServiceAccount", async () => {
    await use("first", "keyless", { securityContext: {} });
    await stage.apply(pod({ name: "second", namespace: "team", claim: "first", securityContext: NOT_ROOT }));
    for (const name of ["first", "second"]) await running(stage, "team", name);
    await shell(stage, "team", "first", "mkdir /data/folder && echo from the first > /data/folder/a");
    // Not at once: each mount lists the container for itself.
    const sees = (name: string, file: string, text: string) =>
      eventually(stage.kubelet, async () => assert.equal(await shell(stage, "team", name, `cat ${file}`), text));
    await sees("second", "/data/folder/a", "from the first\n");
    await shell(stage, "team", "second", "echo from the second >> /data/folder/a && mv /data/folder/a /data/b");
    await sees("first", "/data/b", "from the first\nfrom the second\n");
  });

  it("moves a folder in an account with a hierarchical namespace", async () => {
    const shipped = manifestOf(await readManifests(), "StorageClass");
    const parameters = { ...(shipped["parameters"] as Record<string, string>), isHnsEnabled: "true" };
    await stage.apply({ ...shipped, metadata: { name: "hierarchical" }, parameters });
    await use("hierarchical", "hierarchical");
    await running(stage, "team", "hierarchical");
    await shell(stage, "team", "hierarchical", "mkdir -p /data/a/b && echo deep > /data/a/b/c && sync /data/a/b/c");
    await shell(stage, "team", "hierarchical", "mv /data/a /data/z && rm -r /data/z/b && echo new > /data/z/d");
    const { volume, read } = await storageOf(stage, "team", "hierarchical");
    assert.equal(volume.spec.csi.volumeAttributes["BlobStorageAccountType"], "adls");
    assert.equal(await read("z/d"), "new\n");
    await assert.rejects(read("z/b/c"), /HTTP 404/);
    await assert.rejects(read("a/b/c"), /HTTP 404/);
  });

  it("reads and writes a container of others, on the volume that `static` prints", () =>
    useStaticVolume(stage, OUR_DRIVER));

  it("of a ReadOnlyMany claim can read and cannot write", async () => {
    await stage.apply(
      claim({ name: "catalogue", namespace: "team", className: "keyless", accessMode: "ReadOnlyMany" }),
      pod({ name: "reader", namespace: "team", claim: "catalogue", securityContext: NOT_ROOT }),
    );
    await running(stage, "team", "reader");
    await (await storageOf(stage, "team", "catalogue")).write("item", "for sale");
    assert.equal(await shell(stage, "team", "reader", "cat /data/item"), "for sale");
    await assert.rejects(shell(stage, "team", "reader", "echo mine > /data/item"), /Read-only file system/);
    assert.equal(await (await storageOf(stage, "team", "catalogue")).read("item"), "for sale");
  });

  it("with another ServiceAccount is refused, and its event says why", async () => {
    // In an account of its own: the node plugin keeps one token per identity and account, so a pod with a valid token for the
    // same account would let this one in.
    const annotations = { "keyless-csi/service-account": "app" };
    await stage.apply(
      claim({ name: "vault", namespace: "team", className: "keyless-volume", annotations }),
      pod({ name: "thief", namespace: "team", claim: "vault", serviceAccount: "stranger" }),
    );
    const message = await eventually(stage.kubelet, async () => {
      const text = await eventOf(stage.plane, "thief", "FailedMount", "team");
      assert.match(text, refusedMount(stage, /AADSTS70021/));
      return text;
    });
    console.log(`      event: ${message.replace(/\s+/g, " ").slice(0, 300)}...`);
    await remove(stage, "team", "thief");
  });

  it("keeps its volume when the kubelet publishes it again with a fresh token", async () => {
    const { clientID = "", storageaccount = "" } = (await storageOf(stage, "team", "first")).volume.spec.csi
      .volumeAttributes;
    const file = stage.plugin.tokenFile(clientID, storageaccount);
    // The kubelet keeps a token for four fifths of its lifetime; a different lifetime makes it request a new one.
    const tokenRequests = [{ audience: AUDIENCE, expirationSeconds: 1200 }];
    const patch = JSON.stringify({ spec: { tokenRequests } });
    await stage.plane.kubectl(["patch", "csidriver", OUR_DRIVER, "--type=merge", "-p", patch]);
    const lifetime = async () => {
      const { exp = 0, iat = 0 } = decodeJwt(await readFile(file, "utf8"));
      return exp - iat;
    };
    await eventually(stage.kubelet, async () => assert.equal(await lifetime(), 1200));
    await shell(stage, "team", "first", "echo still here > /data/later");
    assert.equal(await (await storageOf(stage, "team", "first")).read("later"), "still here\n");
  });

  it("loses nothing in a rolling update: what the new pod has written and synchronised stays", async () => {
    const lines = 'for n in $(seq 20); do echo "$VERSION $n" >> /data/$VERSION; sync /data/$VERSION; sleep 0.2; done';
    const version = (name: string) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "rolling", namespace: "team" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "rolling" } },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: { app: "rolling" } },
          spec: podSpec({
            claim: "rolling",
            script: `VERSION=${name}; ${lines}; exec sleep infinity`,
            securityContext: NOT_ROOT,
          }),
        },
      },
    });
    const rolledOut = () => stage.plane.kubectl(["rollout", "status", "deployment/rolling", "--namespace=team"]);
    await stage.apply(claim({ name: "rolling", namespace: "team", className: "keyless" }), version("old"));
    await rolledOut();
    await stage.apply(version("new")); // while the old pod is still writing
    await rolledOut();
    const storage = await storageOf(stage, "team", "rolling");
    const written = (name: string) => Array.from({ length: 20 }, (_, n) => `${name} ${n + 1}\n`).join("");
    await eventually(stage.kubelet, async () => assert.equal(await storage.read("new"), written("new")));
    const old = await storage.read("old");
    assert.ok(old !== "" && written("old").startsWith(old), "what the old pod wrote before it was stopped");
  });

  it("gets an error when its role assignment is removed while the volume is mounted", async () => {
    await use("revoked", "keyless");
    await running(stage, "team", "revoked");
    const storage = await storageOf(stage, "team", "revoked");
    for (const name of ["before", "after"]) await storage.write(name, "there");
    assert.equal(await shell(stage, "team", "revoked", "cat /data/before"), "there");
    const { volume } = storage;
    const { roleAssignments } = await stage.driver.admin.state();
    const [assignment, another] = roleAssignments.filter(({ scope }) =>
      scope.endsWith(`/containers/${volume.metadata.name}`),
    );
    assert.ok(assignment !== undefined && another === undefined);
    await stage.azure.removeRoleAssignment(assignment.scope, assignment.name);
    await assert.rejects(shell(stage, "team", "revoked", "cat /data/after"), /Input\/output error|Permission denied/);
    await assert.rejects(shell(stage, "team", "revoked", "echo mine > /data/mine && sync /data/mine"), /error|denied/i);
  });

  it("and its claims leave nothing behind: no mount, no container, no role assignment", async () => {
    const namespace = "--namespace=team";
    await stage.plane.kubectl(["delete", "deployments,pods", "--all", namespace, "--wait", "--timeout=90s"]);
    const mounts = async () => (await mountsBelow(KUBELET_FOLDER)).filter((path) => path.includes("kubernetes.io~csi"));
    await eventually(stage.kubelet, async () => assert.deepEqual(await mounts(), []));
    await stage.plane.kubectl(["delete", "pvc", "--all", namespace, "--wait", "--timeout=90s"]);
    await stage.plane.kubectl(["wait", "--for=delete", "pv", "--all", "--timeout=60s"]);
    const { containers, roleAssignments } = await stage.driver.admin.state();
    assert.deepEqual(containers, []);
    assert.deepEqual(
      roleAssignments.filter(({ scope }) => scope.includes("/containers/")),
      [],
    );
    assert.deepEqual((await stage.driver.admin.calls()).alarms, [], "an account key was requested");
  });
});
