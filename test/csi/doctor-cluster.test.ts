// `keyless-csi doctor` on a cluster with the objects of deploy/manifests: of whatever is broken there one root cause is named.
import assert from "node:assert/strict";
import { neededClusterRights } from "../../src/doctor/cluster-rights.ts";
import { DriverError } from "../../src/errors.ts";
import type { Manifest } from "../support/deployment.ts";
import { assertOneCause, diagnosesOf, diagnosisOf } from "../support/diagnosis.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { SHIPPED_DRIVER } from "../support/fake-cluster.ts";
import { createManifestApi, get, type ManifestApi, remove, set } from "../support/manifest-api.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";

interface Breakage {
  readonly what: string;
  readonly cause: string;
  readonly says: RegExp;
  readonly breaks: (api: ManifestApi, app: GrantedApp) => (() => void) | undefined;
  readonly config?: Partial<GrantedApp["config"]>;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
}

const CONTROLLERS_CLUSTER_ROLE = "ClusterRole/keyless-csi-controller";
const CONTROLLERS_ROLE = "Role/keyless-csi-controller";
const CONTAINERS = "spec.template.spec.containers";

/** Changes one container. */
function container(
  api: ManifestApi,
  kind: string,
  name: string,
  edit: (before: Container) => Partial<Container>,
): void {
  const all = get<readonly Container[]>(api, kind, CONTAINERS);
  set(
    api,
    kind,
    CONTAINERS,
    all.map((each) => (each.name === name ? { ...each, ...edit(each) } : each)),
  );
}

const provisioner = (edit: (args: readonly string[]) => readonly string[]) => (api: ManifestApi) =>
  void container(api, "Deployment", "csi-provisioner", ({ args }) => ({ args: edit(args) }));

const withClass = (path: string, value: unknown) => (api: ManifestApi) => void set(api, "StorageClass", path, value);

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** The CSIDriver object that the fake cluster has. */
const driver =
  (object: Partial<typeof SHIPPED_DRIVER> | undefined) =>
  (_: ManifestApi, { cluster }: GrantedApp) => {
    if (object === undefined) cluster.csiDrivers.delete("keyless.blob.csi");
    else cluster.csiDrivers.set("keyless.blob.csi", { ...SHIPPED_DRIVER, ...object });
    return () => void cluster.csiDrivers.set("keyless.blob.csi", SHIPPED_DRIVER);
  };

const POLICY = "ValidatingAdmissionPolicy";
const becomes = (state: Partial<ManifestApi>) => (api: ManifestApi) => void Object.assign(api, state);

const DRIVER = "keyless.blob.csi";
const SHARED = { nodeDriver: "blob.csi.azure.com" };

const BREAKAGES: readonly Breakage[] = [
  row("the Deployment", "controller", /^namespace kube-system has no Deployment/, (api) =>
    remove(api, ({ kind }) => kind === "Deployment"),
  ),
  row("its pods", "controller", /: 0 of 2 pods are ready$/, becomes({ ready: 0 })),
  row("one of its pods", "controller", /: 1 of 2 pods are ready$/, becomes({ ready: 1 })),
  row(
    "--volume-name-prefix",
    "sidecar-flags",
    /has --volume-name-prefix=data$/,
    provisioner((args) => [...args, "--volume-name-prefix=data"]),
  ),
  row(
    "--volume-name-uuid-length",
    "sidecar-flags",
    /has --volume-name-uuid-length=10$/,
    provisioner((args) => [...args, "-volume-name-uuid-length=10"]),
  ),
  row(
    "--extra-create-metadata",
    "sidecar-flags",
    /lacks --extra-create-metadata$/,
    provisioner((args) => args.filter((arg) => arg !== "--extra-create-metadata")),
  ),
  row(
    "a right of the ServiceAccount",
    "cluster-rights",
    /may not get, list, watch storageclasses\.storage\.k8s\.io$/,
    (api) => {
      const rules = get<readonly Rule[]>(api, CONTROLLERS_CLUSTER_ROLE, "rules");
      set(
        api,
        CONTROLLERS_CLUSTER_ROLE,
        "rules",
        rules.filter(({ resources }) => !resources.includes("storageclasses")),
      );
    },
  ),
  row(
    "the right to hold a Lease",
    "cluster-rights",
    /may not get, update leases\.coordination\.k8s\.io keyless\.blob\.csi-background in namespace kube-system$/,
    (api) => {
      const rules = get<readonly Rule[]>(api, CONTROLLERS_ROLE, "rules");
      set(
        api,
        CONTROLLERS_ROLE,
        "rules",
        rules.map((rule) => (rule.resourceNames ? { ...rule, resourceNames: rule.resourceNames.slice(1) } : rule)),
      );
    },
  ),
  row(
    "an old Kubernetes",
    "kubernetes-version",
    /^v1\.29\.1 has no admission policies$/,
    becomes({ version: "v1.29.1" }),
  ),
  row(
    "a Kubernetes that is not supported",
    "kubernetes-version",
    /^v1\.33\.5 is older than what is supported$/,
    becomes({ version: "v1.33.5" }),
  ),
  row("the CSIDriver object", "csi-driver", /^CSIDriver keyless\.blob\.csi does not exist/, driver(undefined)),
  row("its audience", "csi-driver", /tokenRequests lacks audience/, driver({ tokenRequests: [] })),
  row("its requiresRepublish", "csi-driver", /requiresRepublish is not true/, driver({ isRepublished: false })),
  row(
    "its serviceAccountTokenInSecrets",
    "csi-driver",
    /serviceAccountTokenInSecrets is true/,
    driver({ hasTokensInSecrets: true }),
  ),
  row("its attachRequired", "csi-driver", /attachRequired is not false/, driver({ isAttachRequired: true })),
  row(
    "its volumeLifecycleModes",
    "csi-driver",
    /volumeLifecycleModes lacks Persistent/,
    driver({ isPersistent: false }),
  ),
  row("the node plugin", "node-plugin", /^no node has driver keyless\.blob\.csi$/, (api) =>
    nodesHave(api, () => ["other"]),
  ),
  row("the node plugin of one node", "node-plugin", /^1 of 2 nodes lack driver keyless\.blob\.csi: b$/, (api) =>
    nodesHave(api, (name) => (name === "b" ? [] : [DRIVER])),
  ),
  row("its version", "node-plugin-version", /blob-csi:v1\.26\.4 is older than 1\.27\.1$/, (api) =>
    container(api, "DaemonSet", "blob", () => ({ image: "mcr.microsoft.com/oss/v2/kubernetes-csi/blob-csi:v1.26.4" })),
  ),
  ...["-volumes", "-inline-volumes", "-classes", "-node-driver"].map((end) =>
    row(
      `the admission policy ${end}`,
      "admission-policies",
      new RegExp(`^no policy …${end} of keyless\\.blob\\.csi is in force`),
      (api) => remove(api, ({ kind, metadata }) => kind === POLICY && metadata.name === `keyless-csi${end}`),
    ),
  ),
  row("the binding of a policy", "admission-policies", /^no policy …-volumes of/, (api) =>
    remove(api, ({ kind, metadata }) => kind === `${POLICY}Binding` && metadata.name === "keyless-csi-volumes"),
  ),
  row("a binding that only warns", "admission-policies", /^no policy …-classes of/, (api) =>
    set(api, `${POLICY}Binding/keyless-csi-classes`, "spec.validationActions", ["Warn"]),
  ),
  row("a policy that fails open", "admission-policies", /^no policy …-inline-volumes of/, (api) =>
    set(api, `${POLICY}/keyless-csi-inline-volumes`, "spec.failurePolicy", "Ignore"),
  ),
  {
    ...row(
      "the policy for a shared node plugin",
      "node-driver-policy",
      /^no MutatingAdmissionPolicy in force gives PersistentVolumes of keyless\.blob\.csi the driver name blob\.csi\.azure\.com$/,
      sharedNodes,
    ),
    config: SHARED,
  },
  {
    ...row(
      "a Kubernetes too old for a shared node plugin",
      "kubernetes-version",
      /^v1\.35\.0 has no MutatingAdmissionPolicy/,
      (api, app) => {
        api.version = "v1.35.0";
        return sharedNodes(api, app);
      },
    ),
    config: SHARED,
  },
  row("every class", "classes", /^there is no StorageClass with provisioner keyless\.blob\.csi$/, (api) =>
    remove(api, ({ kind }) => kind === "StorageClass"),
  ),
  row(
    "a parameter of a class",
    "class-parameters",
    /^StorageClass keyless: StorageClass parameters: .*secretName/,
    withClass("parameters", { identity: "serviceAccount", secretName: "s" }),
  ),
  row(
    "a class with a secret",
    "class-parameters",
    /^StorageClass keyless hands a secret to the driver: csi\.storage\.k8s\.io\/node-stage-secret-name$/,
    withClass("parameters", { identity: "serviceAccount", "csi.storage.k8s.io/node-stage-secret-name": "s" }),
  ),
  row(
    "a class whose mounts lose data",
    "class-mount-options",
    /^StorageClass keyless: the class mounts with blobfuse2's file cache/,
    withClass("mountOptions", ["-o allow_other"]),
  ),
  row(
    "a class that binds at once",
    "class-contradictions",
    /^StorageClass keyless binds at once/,
    withClass("volumeBindingMode", "Immediate"),
  ),
  {
    ...row(
      "a class that allows expansion, with a shared node plugin",
      "class-contradictions",
      /^StorageClass keyless allows expansion, which goes to driver blob\.csi\.azure\.com/,
      (api, app) => {
        const mend = sharedNodes(api, app);
        set(api, "StorageClass", "allowVolumeExpansion", true);
        api.objects = [...api.objects, ...sharedPolicy()];
        return mend;
      },
    ),
    config: SHARED,
  },
  row(
    "another cluster of the same id",
    "cluster-id",
    /^1 storage accounts, such as kl\w+, carry the mark of another cluster with this id: /,
    markedByAnother,
  ),
  row("an account that a key opens", "accounts-keyless", /^storage account kl\w+: /, opened),
];

function row(
  what: string,
  cause: string,
  says: RegExp,
  breaks: (api: ManifestApi, app: GrantedApp) => unknown,
): Breakage {
  return {
    what,
    cause,
    says,
    breaks(api, app) {
      const mend = breaks(api, app);
      return typeof mend === "function" ? () => void mend() : undefined;
    },
  };
}

function nodesHave(api: ManifestApi, driversOf: (name: string) => readonly string[]): void {
  api.nodes = api.nodes.map(({ name }) => ({ name, drivers: driversOf(name) }));
}

/** As the chart has it under nodePlugin.mode=shared, as far as doctor looks at it. */
function sharedPolicy(): Manifest[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const name = "keyless-csi-shared-node-plugin";
  const expression = `'${DRIVER}' '${SHARED.nodeDriver}'`;
  return [
    {
      apiVersion,
      kind: "MutatingAdmissionPolicy",
      metadata: { name },
      spec: { failurePolicy: "Fail", mutations: [{ expression }] },
    },
    { apiVersion, kind: "MutatingAdmissionPolicyBinding", metadata: { name }, spec: { policyName: name } },
  ];
}

/** Way B: the volumes are mounted by another driver's node plugin, and no policy leads them there. */
function sharedNodes(api: ManifestApi, { cluster }: GrantedApp): () => void {
  nodesHave(api, () => [SHARED.nodeDriver]);
  cluster.csiDrivers.set(SHARED.nodeDriver, SHIPPED_DRIVER);
  set(api, "StorageClass", "allowVolumeExpansion", false);
  return () => void cluster.csiDrivers.delete(SHARED.nodeDriver);
}

function anAccount({ emulator }: GrantedApp) {
  const [account] = emulator.world.accounts.values();
  assert(account);
  return account;
}

function markedByAnother(_: ManifestApi, app: GrantedApp): () => void {
  const account = anAccount(app);
  const before = { ...account.tags };
  account.tags["keyless-csi.cluster-uid"] = "c0ffee00-0000-4000-8000-0000000000ff";
  return () => void Object.assign(account, { tags: before });
}

function opened(_: ManifestApi, app: GrantedApp): () => void {
  const { properties } = anAccount(app);
  const before = properties["allowSharedKeyAccess"];
  properties["allowSharedKeyAccess"] = true;
  return () => {
    properties["allowSharedKeyAccess"] = before;
  };
}

describe("doctor on a cluster", () => {
  let app: GrantedApp;
  before(async () => {
    app = await startGrantedApp();
    await create(app, createRequest(app.emulator));
  });
  after(() => app.stop());

  for (const { what, cause, says, breaks, config } of BREAKAGES) {
    it(`names one root cause when this is wrong: ${what}`, async () => {
      const api = await createManifestApi();
      const mend = breaks(api, app);
      const { inspection } = api;
      const results = await diagnosesOf({ ...app, inspection, config: { ...app.config, ...config } });
      mend?.();
      assertOneCause(results, cause, says);
    });
  }

  for (const [id, path] of [
    ["controller", "deployments"],
    ["node-plugin-version", "daemonsets"],
    ["node-plugin", "csinodes"],
    ["admission-policies", "validatingadmissionpolicies"],
    ["classes", "storageclasses"],
  ] as const) {
    it(`does not take it for a fault that ${path} may not be read`, async () => {
      const api = await createManifestApi();
      api.forbidden.add(path);
      const { status, findings } = await diagnosisOf({ ...app, inspection: api.inspection }, id);
      assert.equal(status, "unchecked");
      assert.match(findings[0]?.found ?? "", /may not be read with this sign-in to the cluster$/);
      assert.match(findings[0]?.fix ?? "", /^kubectl apply -f deploy\/manifests\/doctor-rbac\.yaml, or rbac\.doctor/);
    });
  }

  it("does not take it for a fault that the CSIDriver object may not be read", async () => {
    const find = app.cluster.findCsiDriver;
    const message = "reading CSIDriver keyless.blob.csi is forbidden";
    app.cluster.findCsiDriver = () => Promise.reject(new DriverError("Misconfigured", message));
    const { status, findings } = await diagnosisOf(app, "csi-driver");
    app.cluster.findCsiDriver = find;
    assert.deepEqual([status, findings[0]?.found], ["unchecked", message]);
  });

  it("finds the controller under another label, as the chart's nameOverride gives it", async () => {
    const api = await createManifestApi();
    set(api, "Deployment", "metadata.labels", { "app.kubernetes.io/name": "storage" });
    assert.equal((await diagnosisOf({ ...app, inspection: api.inspection }, "controller")).status, "ok");
  });

  it("needs no right in kube-system for a node plugin beside the controller", async () => {
    const api = await createManifestApi();
    api.objects = api.objects.map((each) => ({ ...each, metadata: { ...each.metadata, namespace: "storage" } }));
    api.forbidden.add("kube-system/daemonsets");
    const inspection = api.inspectionIn("storage");
    assert.equal((await diagnosisOf({ ...app, inspection }, "node-plugin-version")).status, "ok");
    remove(api, ({ kind }) => kind === "DaemonSet");
    assert.equal((await diagnosisOf({ ...app, inspection }, "node-plugin-version")).status, "unchecked");
  });

  it("before an installation looks only at what it needs", async () => {
    const api = await createManifestApi();
    api.objects = [];
    api.nodes = [];
    app.cluster.csiDrivers.clear();
    const results = await diagnosesOf({ ...app, inspection: api.inspection }, { pre: true });
    app.cluster.csiDrivers.set("keyless.blob.csi", SHIPPED_DRIVER);
    assert.deepEqual(
      results.filter(({ status }) => status !== "ok"),
      [],
    );
    assert(results.some(({ id }) => id === "kubernetes-version") && !results.some(({ id }) => id === "controller"));
  });

  it("looks at one class when one is named", async () => {
    const api = await createManifestApi();
    set(api, "StorageClass", "metadata.name", "other");
    set(api, "StorageClass", "parameters", {});
    const examined = { ...app, inspection: api.inspection };
    assert.equal((await diagnosisOf(examined, "class-parameters")).status, "error");
    const { status, findings } = await diagnosisOf(examined, "classes", { class: "keyless" });
    assert.deepEqual(
      [status, findings[0]?.found],
      ["error", "there is no StorageClass keyless with provisioner keyless.blob.csi"],
    );
    assert.equal(findings[0]?.fix, "use one of the driver's classes: other");
  });

  it("asks for the very rights that deploy/manifests/rbac.yaml gives, those of doctor aside", async () => {
    const { objects } = await createManifestApi();
    const granted = objects
      .filter(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && metadata.name !== "keyless-csi-doctor")
      .flatMap((role) =>
        (
          role["rules"] as { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }[]
        ).flatMap((rule) =>
          rule.apiGroups.flatMap((group) =>
            rule.resources.flatMap((resource) =>
              rule.verbs.flatMap((verb) =>
                (rule.resourceNames ?? [""]).map((name) => [group, resource, verb, name].join(" ")),
              ),
            ),
          ),
        ),
      );
    const needed = neededClusterRights("kube-system", "keyless.blob.csi").map(({ group, resource, verb, name = "" }) =>
      [group, resource, verb, name].join(" "),
    );
    assert.deepEqual(needed.toSorted(), granted.toSorted());
  });
});
