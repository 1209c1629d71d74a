// The admission policies of deploy/manifests and deploy/examples on a real API server: who may create a PersistentVolume of our
// driver, what a CSIDriver object must have, and that Kubernetes accepts every shipped example.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { repository } from "../support/sources.ts";

const OURS = "keyless.blob.csi";
const PROVISIONER = ["--as=system:serviceaccount:kube-system:keyless-csi-controller"];
/** Allowed to write PersistentVolumes by RBAC, as a storage team often is. */
const SOMEBODY = ["--as=somebody", "--as-group=storage-team", "--as-group=system:authenticated"];
const ADMINISTRATOR = ["--as=alice", "--as-group=storage-team", "--as-group=keyless-csi:administrators"];

const STORAGE_TEAM = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: storage-team }
rules:
  - { apiGroups: [""], resources: [persistentvolumes, pods], verbs: [get, create, update, patch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: storage-team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: storage-team }
subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: storage-team }]
`;

function volume(name: string, driver: string, provisionedBy?: string): string {
  const annotations = provisionedBy === undefined ? {} : { "pv.kubernetes.io/provisioned-by": provisionedBy };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteMany"],
      csi: { driver, volumeHandle: `group#account#${name}###subscription` },
    },
  });
}

function pod(name: string, source: object): string {
  const containers = [{ name: "main", image: "none" }];
  const spec = { automountServiceAccountToken: false, containers, volumes: [{ name: "data", ...source }] };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec });
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
    await plane.kubectl(["apply", "-f", "-"], STORAGE_TEAM);
    for (const file of ["rbac.yaml", "admission-policy.yaml", "node-driver-policy.yaml"]) {
      await plane.kubectl(["apply", "-f", join(repository, "deploy/manifests", file)]);
    }
    await waitForRefusals(plane);
  });

  after(async () => {
    await plane?.stop();
  });

  it("let csi-provisioner create volumes of our driver", async () => {
    await create(PROVISIONER, volume("ours", OURS, OURS));
    assert.equal(await driverOf("ours"), OURS);
  });

  it("refuse everybody else, also a volume with our annotation only, and say what to do", async () => {
    const why = /are made by its provisioner: make a claim, or ask an administrator/;
    await assertRefused(create(SOMEBODY, volume("forged", OURS)), why);
    await assertRefused(create(SOMEBODY, volume("forged", "blob.csi.azure.com", OURS)), why);
  });

  it("refuse an annotation that would bring another driver's volume to our controller", async () => {
    await create(SOMEBODY, volume("foreign", "blob.csi.azure.com"));
    const annotate = ["annotate", "pv", "foreign", `pv.kubernetes.io/provisioned-by=${OURS}`];
    await assertRefused(plane.kubectl([...SOMEBODY, ...annotate]), /are made by its provisioner/);
  });

  it("let others change the labels of our existing volumes", async () => {
    await plane.kubectl([...SOMEBODY, "label", "pv", "ours", "team=a"]);
  });

  it("let the administrators' group restore volumes", async () => {
    await create(ADMINISTRATOR, volume("restored", OURS, OURS));
  });

  it("refuse pods with an inline volume of our driver, and no others", async () => {
    const inline = pod("inline", { csi: { driver: OURS, volumeAttributes: { clientID: "another" } } });
    await assertRefused(create(SOMEBODY, inline), /inline volumes of this driver are not allowed/);
    await create(SOMEBODY, pod("claiming", { persistentVolumeClaim: { claimName: "data" } }));
    await create(SOMEBODY, pod("foreign", { csi: { driver: "secrets-store.csi.k8s.io" } }));
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
      for (const file of files) await plane.kubectl(["apply", "--dry-run=server", "-f", join(folder, file)]);
    });

    it("under way B (shared) give our provisioner's volumes the shared node plugin, and refuse those of anybody else", async () => {
      const policy = await readFile(join(repository, "deploy/examples/shared-node-plugin.yaml"), "utf8");
      await plane.kubectl(["apply", "-f", "-"], policy);
      const name = await waitForRewrite(plane);
      assert.equal(await driverOf(name), "blob.csi.azure.com");
      await assertRefused(create(SOMEBODY, volume("forged", OURS, OURS)), /are made by its provisioner/);
    });
  });
});

/** Waits until the policies are in effect, some moments after they were applied: then dry runs are refused. */
async function waitForRefusals(plane: ControlPlane): Promise<void> {
  const attempts = [volume("probe", OURS), pod("probe", { csi: { driver: OURS } })];
  for (const object of attempts) {
    const isAccepted = () => plane.kubectl([...SOMEBODY, "create", "--dry-run=server", "-f", "-"], object);
    while (await isAccepted().then(Boolean, () => false)) await delay(100);
  }
}

/** Creates volumes as csi-provisioner does until one is rewritten; answers its name. */
async function waitForRewrite(plane: ControlPlane): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const name = `shared-${attempt}`;
    await plane.kubectl([...PROVISIONER, "create", "-f", "-"], volume(name, OURS, OURS));
    const driver = await plane.kubectl(["get", "pv", name, "-o", "jsonpath={.spec.csi.driver}"]);
    if (driver !== OURS) return name;
    await delay(100);
  }
  throw new Error("no volume was rewritten within 10 s");
}
