// The admission policies of deploy/manifests and deploy/examples on a real API server: who may create a PersistentVolume of our
// driver, what a CSIDriver object must have, and that Kubernetes accepts every shipped example.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import type { Manifest } from "../support/deployment.ts";
import { repository } from "../support/sources.ts";
import { SOMEBODY, storageTeam } from "../support/storage-team.ts";

const OURS = "keyless.blob.csi";
const PROVISIONER = ["--as=system:serviceaccount:kube-system:keyless-csi-controller"];
const ADMINISTRATOR = ["--as=alice", "--as-group=storage-team", "--as-group=keyless-csi:administrators"];

const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
const MIGRATED_TO = "pv.kubernetes.io/migrated-to";
const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
const FOREIGN = "blob.csi.azure.com";
/** As blob.csi.azure.com gives them out. */
const foreignHandle = (name: string) => `group#account#${name}##default#`;

interface VolumeOptions {
  readonly handle?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A handle in the form of this driver's, unless another one is given. */
function volume(name: string, driver: string, { handle, annotations = {} }: VolumeOptions = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteMany"],
      persistentVolumeReclaimPolicy: "Retain",
      csi: { driver, volumeHandle: handle ?? `group#account#${name}###${SUBSCRIPTION}` },
    },
  });
}

/** What csi-provisioner creates. */
const provisioned = (name: string) => volume(name, OURS, { annotations: { [PROVISIONED_BY]: OURS } });

function pod(name: string, source: object): string {
  const containers = [{ name: "main", image: "none" }];
  const spec = { automountServiceAccountToken: false, containers, volumes: [{ name: "data", ...source }] };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec });
}

function storageClass(name: string, provisioner: string, parameters?: Readonly<Record<string, string>>): string {
  const object = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, provisioner };
  return JSON.stringify({ ...object, ...(parameters && { parameters }) });
}

describe("the admission policies", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let plane: ControlPlane;

  const create = (who: readonly string[], object: string) => plane.kubectl([...who, "create", "-f", "-"], object);
  const assertRefused = (attempt: Promise<string>, why: RegExp) =>
    assert.rejects(attempt, (error: Error) => why.test(error.message));
  const driverOf = (name: string) => plane.kubectl(["get", "pv", name, "-o", "jsonpath={.spec.csi.driver}"]);

  before(async () => {
    plane = await startControlPlane();
    await plane.kubectl(
      ["apply", "-f", "-"],
      storageTeam("persistentvolumes", "persistentvolumes/status", "pods", "storageclasses"),
    );
    for (const file of ["rbac.yaml", "admission-policy.yaml", "node-driver-policy.yaml"]) {
      await plane.kubectl(["apply", "-f", join(repository, "deploy/manifests", file)]);
    }
    await waitForRefusals(plane);
  });

  after(async () => {
    await plane?.stop();
  });

  const MADE = /are made by its provisioner: make a claim, or ask an administrator/;
  const DECIDE = /decide which driver deletes a volume of keyless.blob.csi: ask an administrator/;
  const annotationOf = (name: string, key: string) =>
    plane.kubectl(["get", "pv", name, "-o", `jsonpath={.metadata.annotations.${key.replaceAll(".", "\\.")}}`]);
  const annotate = (who: readonly string[], name: string, ...annotations: string[]) =>
    plane.kubectl([...who, "annotate", "--overwrite", "pv", name, ...annotations]);
  const patch = (who: readonly string[], name: string, change: object, ...flags: string[]) =>
    plane.kubectl([...who, "patch", "pv", name, "--type=merge", ...flags, "-p", JSON.stringify(change)]);

  it("let csi-provisioner create volumes of our driver", async () => {
    await create(PROVISIONER, provisioned("ours"));
    assert.equal(await driverOf("ours"), OURS);
  });

  const waysIn: readonly (readonly [string, string, VolumeOptions])[] = [
    ["spec.csi.driver", OURS, { handle: "any" }],
    ["pv.kubernetes.io/provisioned-by", "other.example", { handle: "any", annotations: { [PROVISIONED_BY]: OURS } }],
    ["pv.kubernetes.io/migrated-to", "other.example", { handle: "any", annotations: { [MIGRATED_TO]: OURS } }],
    ["pv.kubernetes.io/migrated-to", FOREIGN, { annotations: { [PROVISIONED_BY]: FOREIGN, [MIGRATED_TO]: OURS } }],
    ["spec.csi.volumeHandle", FOREIGN, {}],
    ["spec.csi.volumeHandle", "other.example", { annotations: { [PROVISIONED_BY]: FOREIGN } }],
    ["spec.csi.volumeHandle", FOREIGN, { handle: `G#a#b###${SUBSCRIPTION.replaceAll("1", "A")}` }],
  ];
  for (const [way, driver, options] of waysIn) {
    it(`refuse everybody else a volume by ${way}: ${driver} ${JSON.stringify(options)}, and say what to do`, async () => {
      await assertRefused(create(SOMEBODY, volume("forged", driver, options)), MADE);
      await assertRefused(create(SOMEBODY, volume("forged", driver, options)), new RegExp(`\\(.*${way}.*\\)`));
      await create([...ADMINISTRATOR, "--dry-run=server"], volume("forged", driver, options));
    });
  }

  it("let everybody who may write volumes create those of blob.csi.azure.com and others", async () => {
    const handles = [foreignHandle("a"), "group#account#a#uuid#default#", `group#account#a##default#${SUBSCRIPTION}`];
    for (const [index, handle] of [...handles, "group#account#a", "account_a", "###"].entries()) {
      await create(
        SOMEBODY,
        volume(`foreign-${index}`, FOREIGN, { handle, annotations: { [PROVISIONED_BY]: FOREIGN } }),
      );
    }
    const local = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp/none" } };
    const metadata = { name: "host" };
    await create(SOMEBODY, JSON.stringify({ apiVersion: "v1", kind: "PersistentVolume", metadata, spec: local }));
  });

  it("refuse the annotations on a volume that is not CSI's too: Kubernetes translates some of those", async () => {
    for (const key of [PROVISIONED_BY, MIGRATED_TO]) {
      await assertRefused(annotate(SOMEBODY, "host", `${key}=${OURS}`), MADE);
    }
    await annotate(SOMEBODY, "host", "team=a");
  });

  for (const key of [PROVISIONED_BY, MIGRATED_TO]) {
    it(`refuse ${key} that would bring another driver's volume to our controller, also by way of the status`, async () => {
      const name = `foreign-${key.replaceAll(/[./]/g, "-")}`;
      await create(SOMEBODY, volume(name, FOREIGN, { handle: foreignHandle(name) }));
      await assertRefused(annotate(SOMEBODY, name, `${key}=${OURS}`), MADE);
      const change = { metadata: { annotations: { [key]: OURS } } };
      await assertRefused(patch(SOMEBODY, name, change, "--subresource=status"), MADE);
      assert.equal(await annotationOf(name, key), "");
      await annotate(SOMEBODY, name, `${key}=another.example`);
      await annotate(ADMINISTRATOR, name, `${key}=${OURS}`);
    });
  }

  it("refuse an annotation on a volume that has our handle alone, and one that passes ours to another driver", async () => {
    await create(ADMINISTRATOR, volume("restored-foreign", FOREIGN));
    await assertRefused(annotate(SOMEBODY, "restored-foreign", `${MIGRATED_TO}=${OURS}`), MADE);
    for (const name of ["ours", "restored-foreign"]) {
      await assertRefused(annotate(SOMEBODY, name, `${MIGRATED_TO}=${FOREIGN}`), DECIDE);
      await assertRefused(annotate(SOMEBODY, name, `${PROVISIONED_BY}=another.example`), DECIDE);
    }
    await assertRefused(annotate(SOMEBODY, "ours", `${PROVISIONED_BY}-`), DECIDE);
    assert.equal(await annotationOf("ours", PROVISIONED_BY), OURS);
    assert.equal(await annotationOf("ours", MIGRATED_TO), "");
  });

  it("let others bind, label, resize, mark and delete our existing volumes, and take migrated-to away", async () => {
    await plane.kubectl([...SOMEBODY, "label", "pv", "ours", "team=a"]);
    await annotate(SOMEBODY, "ours", "team=a", "pv.kubernetes.io/bound-by-controller=yes");
    await patch(SOMEBODY, "ours", { metadata: { finalizers: ["example.com/backup", "kubernetes.io/pv-protection"] } });
    await patch(SOMEBODY, "ours", { spec: { capacity: { storage: "2Gi" } } });
    await patch(SOMEBODY, "ours", { spec: { claimRef: { namespace: "default", name: "none" } } });
    await patch(SOMEBODY, "ours", { status: { phase: "Released" } }, "--subresource=status");
    await annotate(ADMINISTRATOR, "ours", `${MIGRATED_TO}=${OURS}`);
    await plane.kubectl([...SOMEBODY, "label", "--overwrite", "pv", "ours", "team=b"]);
    await annotate(SOMEBODY, "ours", `${MIGRATED_TO}-`);
    await plane.kubectl(["delete", "pv", "ours", "--wait=false", "--as=bob", "--as-group=system:masters"]);
    await patch(SOMEBODY, "ours", { metadata: { finalizers: null } });
    await plane.kubectl(["wait", "--for=delete", "pv/ours", "--timeout=30s"]);
  });

  it("let the administrators' group restore volumes", async () => {
    await create(ADMINISTRATOR, provisioned("restored"));
  });

  it("refuse pods with an inline volume of our driver, and no others", async () => {
    const inline = pod("inline", { csi: { driver: OURS, volumeAttributes: { clientID: "another" } } });
    await assertRefused(create(SOMEBODY, inline), /inline volumes of this driver are not allowed/);
    await create(SOMEBODY, pod("claiming", { persistentVolumeClaim: { claimName: "data" } }));
    await create(SOMEBODY, pod("foreign", { csi: { driver: "secrets-store.csi.k8s.io" } }));
  });

  const SECRET = "csi.storage.k8s.io/node-stage-secret-name";
  const handed: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    [SECRET, { [SECRET]: "azure-secret", "csi.storage.k8s.io/node-stage-secret-namespace": "default" }],
    ["csi.storage.k8s.io/provisioner-secret-name", { "csi.storage.k8s.io/provisioner-secret-name": "azure-secret" }],
    ["csi.storage.k8s.io/controller-expand-secret-name", { "csi.storage.k8s.io/controller-expand-secret-name": "s" }],
    ["csiNodeStageSecretName", { csiNodeStageSecretName: "azure-secret" }],
  ];
  for (const [name, parameters] of handed) {
    it(`refuse this driver's class with ${name} to everybody, and let another driver's be`, async () => {
      const why = new RegExp(`hands no secret to the driver \\(${name}.*\\): remove these parameters`);
      for (const who of [ADMINISTRATOR, []]) {
        await assertRefused(create(who, storageClass("with-secret", OURS, parameters)), why);
      }
      await create([], storageClass(`foreign-${name.replaceAll(/[^a-z]/gi, "").toLowerCase()}`, FOREIGN, parameters));
    });
  }

  it("accept classes of this driver with other parameters, without any, and with a file system type", async () => {
    await create([], storageClass("plain", OURS, { identity: "serviceAccount", "csi.storage.k8s.io/fstype": "fuse" }));
    await create([], storageClass("bare", OURS));
    await plane.kubectl(["label", "storageclass", "plain", "team=a"]);
  });

  describe("for the node plugin's CSIDriver", () => {
    const OTHER = "blob.csi.azure.com";
    const TOKENS = [{ audience: "api://AzureADTokenExchange", expirationSeconds: 3600 }];
    const driver = (name: string, change: object = {}) => {
      const spec = { attachRequired: false, podInfoOnMount: true, requiresRepublish: true, tokenRequests: TOKENS };
      return JSON.stringify({
        apiVersion: "storage.k8s.io/v1",
        kind: "CSIDriver",
        metadata: { name },
        spec: { ...spec, ...change },
      });
    };
    const attempt = (object: string) => plane.kubectl(["create", "--dry-run=server", "-f", "-"], object);
    const patch = (name: string, spec: object, ...flags: string[]) =>
      plane.kubectl(["patch", "csidriver", name, "--type=merge", ...flags, "-p", JSON.stringify({ spec })]);
    const warned = (object: string, why: RegExp) =>
      assertRefused(plane.kubectl(["create", "--dry-run=server", "--warnings-as-errors", "-f", "-"], object), why);

    before(async () => {
      // A warning counts as an error here, so that this waits for both bindings.
      const flags = ["create", "--dry-run=server", "--warnings-as-errors", "-f", "-"];
      for (const name of [OURS, OTHER]) {
        const isAccepted = () => plane.kubectl(flags, driver(name, { tokenRequests: [] })).then(Boolean, () => false);
        while (await isAccepted()) await delay(100);
      }
    });

    it("accept the shipped object, and labels and other audiences on it", async () => {
      await plane.kubectl(["apply", "-f", join(repository, "deploy/manifests/csidriver.yaml")]);
      await plane.kubectl(["label", "csidriver", OURS, "team=a"]);
      await patch(OURS, { tokenRequests: [{ audience: "vault" }, ...TOKENS] });
    });

    const problems: readonly (readonly [object, RegExp])[] = [
      [{ tokenRequests: [] }, /has no tokenRequests for api:\/\/AzureADTokenExchange: .* disk of their node/],
      [{ tokenRequests: [{ audience: "vault" }] }, /has no tokenRequests for api:\/\/AzureADTokenExchange/],
      [{ requiresRepublish: false }, /has no requiresRepublish/],
      [
        { serviceAccountTokenInSecrets: true },
        /has serviceAccountTokenInSecrets, which node plugins up to v1.27 do not read/,
      ],
      [{ attachRequired: true }, /has attachRequired, and there is no attacher/],
      [{ volumeLifecycleModes: ["Ephemeral"] }, /has no volumeLifecycleMode Persistent/],
    ];
    for (const [change, why] of problems) {
      it(`refuse ours with ${JSON.stringify(change)}, and warn for blob.csi.azure.com`, async () => {
        await assertRefused(attempt(driver("keyless.blob.csi", change)), why);
        await warned(driver(OTHER, change), why);
        await attempt(driver(OTHER, change));
        await attempt(driver("another.example", change));
      });
    }

    it("refuse a change to ours, and let one to blob.csi.azure.com through with an audited warning", async () => {
      await assertRefused(patch(OURS, { tokenRequests: null }), /CSIDriver keyless.blob.csi has no tokenRequests/);
      await assertRefused(
        patch(OURS, { requiresRepublish: false }),
        /CSIDriver keyless.blob.csi has no requiresRepublish/,
      );
      await create([], driver(OTHER));
      await assertRefused(
        patch(OTHER, { tokenRequests: null }, "--warnings-as-errors"),
        /Warning: .*CSIDriver blob.csi.azure.com has no tokenRequests/,
      );
      const tokens = ["get", "csidriver", OTHER, "-o", "jsonpath={.spec.tokenRequests}"];
      assert.equal(await plane.kubectl(tokens), "", "the change was accepted");
      const counted = (await plane.kubectl(["get", "--raw", "/metrics"])).split("\n");
      const audits = counted.filter((line) => line.includes('policy_binding="keyless-csi-other-node-driver"'));
      assert(
        audits.some((line) => /enforcement_action="audit"/.test(line)),
        audits.join("\n"),
      );
    });
  });

  describe("with deploy/examples", () => {
    it("accept every example", async () => {
      const folder = join(repository, "deploy/examples");
      const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
      assert.ok(files.length >= 7, files.join(", "));
      for (const file of files) {
        const text = await readFile(join(folder, file), "utf8");
        // A dry run makes no namespace for the objects behind it.
        const namespaces = parseAllDocuments(text).map((each) => each.toJS() as Manifest);
        for (const each of namespaces.filter(({ kind }) => kind === "Namespace")) {
          await plane.kubectl(["apply", "-f", "-"], JSON.stringify(each));
        }
        await plane.kubectl(["apply", "--dry-run=server", "-f", "-"], text);
      }
    });

    it("under way B (shared) give our provisioner's volumes the shared node plugin, and refuse those of anybody else", async () => {
      const policy = await readFile(join(repository, "deploy/examples/shared-node-plugin.yaml"), "utf8");
      await plane.kubectl(["apply", "-f", "-"], policy);
      const name = await waitForRewrite(plane);
      assert.equal(await driverOf(name), "blob.csi.azure.com");
      await plane.kubectl([...SOMEBODY, "label", "pv", name, "team=a"]);
      await assertRefused(annotate(SOMEBODY, name, `${PROVISIONED_BY}=${FOREIGN}`), DECIDE);
      await assertRefused(create(SOMEBODY, volume("forged", FOREIGN)), MADE);
      await assertRefused(create(SOMEBODY, provisioned("forged")), /are made by its provisioner/);
    });
  });
});

/** Waits until the policies are in effect, some moments after they were applied: then dry runs are refused. */
async function waitForRefusals(plane: ControlPlane): Promise<void> {
  const attempts = [
    volume("probe", OURS),
    pod("probe", { csi: { driver: OURS } }),
    storageClass("probe", OURS, { csiNodeStageSecretName: "s" }),
  ];
  for (const object of attempts) {
    const isAccepted = () => plane.kubectl([...SOMEBODY, "create", "--dry-run=server", "-f", "-"], object);
    while (await isAccepted().then(Boolean, () => false)) await delay(100);
  }
}

/** Creates volumes as csi-provisioner does until one is rewritten; answers its name. */
async function waitForRewrite(plane: ControlPlane): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const name = `shared-${attempt}`;
    await plane.kubectl([...PROVISIONER, "create", "-f", "-"], provisioned(name));
    const driver = await plane.kubectl(["get", "pv", name, "-o", "jsonpath={.spec.csi.driver}"]);
    if (driver !== OURS) return name;
    await delay(100);
  }
  throw new Error("no volume was rewritten within 10 s");
}
