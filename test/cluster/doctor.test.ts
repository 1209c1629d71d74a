// `keyless-csi doctor` on a real control plane, with the controller's own rights: nothing is wrong with what deploy/ installs, and of
// whatever is broken there exactly one root cause is named.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, namespace, pod, serviceAccount } from "../support/cluster-objects.ts";
import { manifestOf } from "../support/deployment.ts";
import { assertOneCause, wrong } from "../support/diagnosis.ts";
import { doctorOf } from "../support/doctor-command.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { repository } from "../support/sources.ts";

const CLUSTER_ID = "doctor-test";
const DRIVER = "keyless.blob.csi";
const OF_CONTROLLER = "system:serviceaccount:kube-system:keyless-csi-controller";

/** Of a Role or ClusterRole. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const LIST_CLASSES: Rule = { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["list"] };
const LIST_NODES: Rule = { apiGroups: ["storage.k8s.io"], resources: ["csinodes"], verbs: ["list"] };

/** What a kubelet writes once the node plugin has registered. */
const csiNode = (name: string, drivers: readonly string[]) => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "CSINode",
  metadata: { name },
  spec: { drivers: drivers.map((driver) => ({ name: driver, nodeID: name })) },
});

describe("doctor on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let nodePlugin: string;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    nodePlugin = await readFile(join(repository, "deploy/examples/dedicated-node-plugin.yaml"), "utf8");
  });
  beforeEach(mend);
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  const kubectl = (...args: string[]) => installation.plane.kubectl(args);
  const inKubeSystem = (...args: string[]) => kubectl("--namespace", "kube-system", ...args);
  const doctor = (...flags: string[]) => doctorOf(installation, CLUSTER_ID, flags);
  const shipped = (kind: string) => manifestOf(installation.manifests, kind);

  const setStatus = (what: string, status: object) =>
    inKubeSystem("patch", what, "--subresource=status", "--type=merge", "--patch", JSON.stringify({ status }));

  /** Everything as it is shipped, and one node, which has the plugin. */
  async function mend(): Promise<void> {
    await kubectl("delete", "storageclass/keyless", "csinode/node-2", "--ignore-not-found");
    const objects = [...installation.manifests, csiNode("node-1", [DRIVER])].map((object) => JSON.stringify(object));
    await installation.apply(...objects, nodePlugin);
    // Nothing runs the pods here: what the Deployment's controller would write.
    await setStatus("deployment/keyless-csi-controller", { replicas: 2, readyReplicas: 2 });
    await untilAllowed("yes", LIST_CLASSES);
    await untilAllowed("yes", LIST_NODES);
  }

  async function replaceClass(changes: Readonly<Record<string, unknown>>): Promise<void> {
    await kubectl("delete", "storageclass", "keyless");
    await installation.apply(JSON.stringify({ ...shipped("StorageClass"), ...changes }));
  }

  /** Until the API server's authorizer has seen that the controller may, or may no longer, do this. */
  const untilAllowed = (answer: "yes" | "no", { apiGroups, resources, verbs, resourceNames }: Rule) =>
    eventually(installation.provisioner, async () => {
      const [group = "", whole = "", name] = [apiGroups[0], resources[0], resourceNames?.[0]];
      const [resource = "", subresource = ""] = whole.split("/");
      const what = `${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : `/${name}`}`;
      const can = ["auth", "can-i", verbs[0] ?? "", what, `--subresource=${subresource}`, `--as=${OF_CONTROLLER}`];
      const said = await inKubeSystem(...can).catch(() => "no");
      assert.equal(said.trim(), answer);
    });

  it("finds nothing wrong with what deploy/ installs, and has every right that it needs to say so", async () => {
    const { code, checks } = await doctor();
    assert.deepEqual(
      checks.filter(({ status }) => status !== "ok"),
      [],
    );
    assert.equal(code, 0);
    assert.ok(checks.length >= 20, String(checks.length));
  });

  it("says what it could not check without the rights of doctor, and takes it for no fault", async () => {
    await kubectl("delete", "clusterrolebinding", "keyless-csi-doctor");
    await inKubeSystem("delete", "rolebinding", "keyless-csi-doctor");
    await untilAllowed("no", LIST_NODES);
    const { code, checks } = await doctor();
    assert.deepEqual(
      checks.filter(({ status }) => status !== "ok").map(({ id, status }) => `${id} ${status}`),
      ["controller", "sidecar-flags", "cluster-rights", "node-plugin", "node-plugin-version", "admission-policies"].map(
        (id) => `${id} unchecked`,
      ),
    );
    assert.equal(code, 0);
  });

  it("names one root cause for each rule of the controller's roles that is missing", async () => {
    const causes: string[] = [];
    const expected: string[] = [];
    for (const role of installation.manifests.filter(
      ({ kind, metadata }) => /Role$/.test(kind) && metadata.name === "keyless-csi-controller",
    )) {
      const rules = role["rules"] as readonly Rule[];
      for (const missing of rules) {
        await installation.apply(JSON.stringify({ ...role, rules: rules.filter((rule) => rule !== missing) }));
        await untilAllowed("no", missing);
        causes.push(...wrong((await doctor()).checks).map(({ id }) => `${missing.resources.join()}: ${id}`));
        // Without the UID of kube-system nothing else is asked.
        const cause = missing.resources.includes("namespaces") ? "kubernetes-api" : "cluster-rights";
        expected.push(`${missing.resources.join()}: ${cause}`);
        await installation.apply(JSON.stringify(role));
        await untilAllowed("yes", missing);
      }
    }
    assert.deepEqual(causes, expected);
  });

  describe("with --claim", () => {
    const ofClaim = ["--claim", "team-a/data"];

    before(async () => {
      const { driver, plane } = installation;
      trustCloud(driver.ready);
      await azureAdministrator(driver.ready).trust(0, plane.server, "team-a", "app");
      await installation.apply(
        namespace("team-a"),
        serviceAccount("app", "team-a", driver.ready.identities[0]?.clientId ?? ""),
        serviceAccount("other", "team-a", "unused"),
        claim("data", "keyless", { namespace: "team-a" }),
      );
    });

    const start = async (account: string) => {
      const use = { persistentVolumeClaim: { claimName: "data" } };
      await kubectl(
        "--namespace",
        "team-a",
        "delete",
        "pod",
        "app",
        "--ignore-not-found",
        "--grace-period=0",
        "--force",
      );
      await installation.apply(pod("app", "team-a", account, use));
    };

    it("says that a pod is missing", async () => {
      const { code, checks } = await doctor(...ofClaim);
      assertOneCause(checks, "claim-consumer", /^no pod uses claim team-a\/data, and its class waits for one$/);
      assert.equal(code, 3);
    });

    it("says that the ServiceAccount of its pod names no identity", async () => {
      await start("other");
      const { checks } = await doctor(...ofClaim);
      assertOneCause(checks, "claim-service-account", /^ServiceAccount team-a\/other names client id "unused"/);
    });

    it("follows the volume once it is there, whatever pods run now", async () => {
      await start("app");
      const selected = "volume.kubernetes.io/selected-node=node-1";
      await kubectl("--namespace", "team-a", "annotate", "pvc", "data", selected);
      const { metadata } = await boundVolume(installation.plane, "data", "team-a");
      const { checks } = await doctor(...ofClaim);
      // What Azure has just granted is not in force everywhere.
      assertOneCause(checks, "claim-access", /^role assignment \S+ is 0 min old: it may take 10$/);
      const said = checks.find(({ id }) => id === "claim")?.findings[0]?.found ?? "";
      assert.match(said, new RegExp(`^Bound, volume ${metadata.name}; its last event: `));
      await start("other");
      assert.deepEqual(
        wrong((await doctor(...ofClaim)).checks).map(({ id }) => id),
        ["claim-access", "claim-pods"],
      );
    });
  });

  const breakages: readonly (readonly [what: string, cause: string, says: RegExp, breaks: () => Promise<unknown>])[] = [
    [
      "no pod is ready",
      "controller",
      /^Deployment kube-system\/keyless-csi-controller: 0 of 2 pods are ready$/,
      () => setStatus("deployment/keyless-csi-controller", { readyReplicas: 0 }),
    ],
    [
      "csi-provisioner without --extra-create-metadata",
      "sidecar-flags",
      /lacks --extra-create-metadata$/,
      () => installation.apply(JSON.stringify(shipped("Deployment")).replace('"--extra-create-metadata",', "")),
    ],
    [
      "no CSIDriver object",
      "csi-driver",
      /^CSIDriver keyless\.blob\.csi does not exist/,
      () => kubectl("delete", "csidriver", DRIVER),
    ],
    [
      "a node without the plugin",
      "node-plugin",
      /^1 of 2 nodes lack driver keyless\.blob\.csi: node-2$/,
      () => installation.apply(JSON.stringify(csiNode("node-2", ["disk.csi.azure.com"]))),
    ],
    [
      "an old node plugin",
      "node-plugin-version",
      /blob-csi:v1\.26\.4 is older than 1\.27\.1$/,
      () => installation.apply(nodePlugin.replace(/blob-csi:v[\d.]+/, "blob-csi:v1.26.4")),
    ],
    [
      "an admission policy that is not bound",
      "admission-policies",
      /^no policy …-volumes of keyless\.blob\.csi/,
      () => kubectl("delete", "validatingadmissionpolicybinding", "keyless-csi-volumes"),
    ],
    [
      "an admission policy that only warns",
      "admission-policies",
      /^no policy …-node-driver of keyless\.blob\.csi/,
      () =>
        kubectl(
          "patch",
          "validatingadmissionpolicybinding",
          "keyless-csi-node-driver",
          "--type=merge",
          "--patch",
          JSON.stringify({ spec: { validationActions: ["Warn"] } }),
        ),
    ],
    [
      "a parameter that CreateVolume refuses",
      "class-parameters",
      /^StorageClass keyless: .*protocl/,
      () => replaceClass({ parameters: { identity: "serviceAccount", protocl: "fuse2" } }),
    ],
    [
      "a class that binds at once",
      "class-contradictions",
      /^StorageClass keyless binds at once/,
      () => replaceClass({ volumeBindingMode: "Immediate" }),
    ],
  ];
  for (const [what, cause, says, breaks] of breakages) {
    it(`names one root cause: ${what}`, async () => {
      await breaks();
      const { code, checks } = await doctor();
      assertOneCause(checks, cause, says);
      assert.equal(code, wrong(checks)[0]?.status === "error" ? 3 : 0);
    });
  }
});
