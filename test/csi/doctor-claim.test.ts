// `keyless-csi doctor --claim`: why a claim waits, or its pods do. Of whatever is broken one root cause is named.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Manifest } from "../support/deployment.ts";
import { assertOneCause, diagnosesOf } from "../support/diagnosis.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { persistentVolumeOf } from "../support/fake-cluster.ts";
import { createManifestApi, get, type ManifestApi, remove, set } from "../support/manifest-api.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const HOUR_MS = 3_600_000;
const NAMESPACE = "demo";
const CLAIM = { namespace: NAMESPACE, name: "data" };
const DRIVER = "keyless.blob.csi";

interface Case {
  readonly app: GrantedApp;
  readonly api: ManifestApi;
  readonly uid: string;
}

interface Breakage {
  readonly what: string;
  readonly cause: string;
  readonly says: RegExp;
  breaks(known: Case): unknown;
}

function row(what: string, cause: string, says: RegExp, breaks: Breakage["breaks"]): Breakage {
  return { what, cause, says, breaks };
}

/** What both the controller and doctor see of the claim. */
function change({ app, uid }: Case, claim: { readonly serviceAccount?: string }): void {
  app.cluster.claims.set("demo/data", { uid, isBoundLate: true, className: "keyless", ...claim });
}

const PENDING: readonly Breakage[] = [
  row("the claim", "claim", /^claim demo\/data does not exist$/, ({ api }) =>
    remove(api, ({ kind }) => kind === "PersistentVolumeClaim"),
  ),
  row("its class", "classes", /^there is no StorageClass gone with provisioner keyless\.blob\.csi$/, ({ api }) =>
    set(api, "PersistentVolumeClaim", "spec.storageClassName", "gone"),
  ),
  row("no class", "claim-class", /^claim demo\/data names no StorageClass/, ({ api }) =>
    set(api, "PersistentVolumeClaim", "spec.storageClassName", undefined),
  ),
  row("volumeMode", "claim-request", /asks for volumeMode Block$/, ({ api }) =>
    set(api, "PersistentVolumeClaim", "spec.volumeMode", "Block"),
  ),
  row("no pod", "claim-consumer", /^no pod uses claim demo\/data, and its class waits for one$/, ({ api }) =>
    remove(api, ({ kind }) => kind === "Pod"),
  ),
  row("its ServiceAccount", "claim-service-account", /^ServiceAccount demo\/missing does not exist/, (known) =>
    change(known, { serviceAccount: "missing" }),
  ),
  row(
    "the identity that the ServiceAccount names",
    "claim-service-account",
    /which is not a user-assigned identity that the controller may use/,
    ({ app }) => void app.cluster.serviceAccounts.set("demo/workload-a", randomUUID()),
  ),
  row("the trust", "claim-trust", /^identity \S+ does not trust system:serviceaccount:demo:stranger/, (known) => {
    known.app.cluster.serviceAccounts.set("demo/stranger", known.app.emulator.info.identities[0]?.clientId ?? "");
    change(known, { serviceAccount: "stranger" });
  }),
];

const BOUND: readonly Breakage[] = [
  row(
    "its container",
    "claim-container",
    /^container pvc-\S+ of volume pvc-\S+ is gone from storage account kl\w+$/,
    ({ app }) => app.emulator.world.containers.clear(),
  ),
  row(
    "its role assignment",
    "claim-access",
    /^identity \S+ has no role assignment of this controller at /,
    ({ app, uid }) => {
      const { roleAssignments } = app.emulator.world;
      for (const [name, { scope }] of roleAssignments) if (scope.includes(uid)) roleAssignments.delete(name);
    },
  ),
  row(
    "its role assignment, which is new",
    "claim-access",
    /^role assignment \S+ is 0 min old: it may take 10$/,
    ({ app, uid }) => age(app, uid, 0),
  ),
  row(
    "the driver of its PersistentVolume",
    "claim-volume",
    /names driver other\.csi, and the node plugin that is checked is keyless\.blob\.csi's$/,
    ({ api }) => {
      set(api, "PersistentVolume", "spec.csi.driver", "other.csi");
      api.nodes = api.nodes.map(({ name }) => ({ name, drivers: [DRIVER, "other.csi"] }));
    },
  ),
  row(
    "the node of its pod",
    "claim-pods",
    /^pod app is on node b, which has no driver keyless\.blob\.csi$/,
    ({ api }) => {
      api.nodes = [...api.nodes.filter(({ name }) => name === "a"), { name: "b", drivers: ["other"] }];
    },
  ),
  row(
    "the ServiceAccount of its pod",
    "claim-pods",
    /^pod app runs as ServiceAccount somebody, which identity \S+ of the volume does not trust$/,
    (known) => runAs(known, "somebody"),
  ),
  row(
    "the trust in the ServiceAccount of its pod",
    "claim-trust",
    /^identity \S+ does not trust system:serviceaccount:demo:stranger/,
    (known) => {
      known.app.cluster.serviceAccounts.set("demo/stranger", known.app.emulator.info.identities[0]?.clientId ?? "");
      runAs(known, "stranger");
    },
  ),
  row(
    "the identity of its volume",
    "claim-service-account",
    /^volume pvc-\S+ is mounted with client id \S+, which is not a user-assigned identity that the controller may use/,
    ({ app }) => {
      const [volume] = app.cluster.persistentVolumes.splice(0);
      assert(volume);
      app.cluster.persistentVolumes.push({ ...volume, attributes: { ...volume.attributes, clientID: randomUUID() } });
    },
  ),
  // Last: the service goes on believing in the account for a while.
  row("its account", "claim-account", /^storage account kl\w+ of volume pvc-\S+ is gone$/, ({ app }) =>
    app.emulator.world.accounts.clear(),
  ),
];

/** Lets the identity of the volumes trust another ServiceAccount. */
function trust({ emulator }: GrantedApp, serviceAccount: string): void {
  const wanted = emulator.info.identities[0]?.clientId;
  const identity = [...emulator.world.identities.values()].find(({ clientId }) => clientId === wanted);
  const [like] = identity?.federatedCredentials.values() ?? [];
  assert(identity && like);
  const subject = `system:serviceaccount:${NAMESPACE}:${serviceAccount}`;
  identity.federatedCredentials.set(serviceAccount, { ...like, name: serviceAccount, subject });
}

/** What both the controller and doctor see of the pod. */
function runAs({ app, api }: Case, serviceAccount: string): void {
  set(api, "Pod", "spec.serviceAccountName", serviceAccount);
  app.cluster.pods.set("demo/app", { name: "app", uid: "u", serviceAccount, uses: ["data"] });
}

/** Makes the role assignments of the volume so old. */
function age({ emulator }: GrantedApp, uid: string, milliseconds: number): void {
  const { roleAssignments } = emulator.world;
  for (const [name, each] of roleAssignments) {
    if (each.scope.includes(uid)) roleAssignments.set(name, { ...each, createdAt: Date.now() - milliseconds });
  }
}

function objects(uid: string, phase: "Pending" | "Bound"): Manifest[] {
  const bound = phase === "Bound" ? { volumeName: `pvc-${uid}` } : {};
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { ...CLAIM, uid } as Manifest["metadata"],
      spec: { accessModes: ["ReadWriteMany"], storageClassName: "keyless", ...bound },
      status: { phase },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace: NAMESPACE, name: "app" },
      spec: {
        serviceAccountName: "workload-a",
        nodeName: "b",
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: NAMESPACE, name: "one" },
      ...{ reason: "ProvisioningFailed", message: "it failed", lastTimestamp: "2026-11-27T16:00:00Z" },
    },
  ];
}

describe("doctor --claim", () => {
  let app: GrantedApp;
  before(async () => {
    app = await startGrantedApp();
  });
  after(() => app.stop());

  /** A claim whose pod is scheduled, before or after its volume is made. */
  async function prepare(phase: "Pending" | "Bound"): Promise<Case> {
    const { cluster, emulator } = app;
    const uid = randomUUID();
    const api = await createManifestApi();
    api.objects = [...api.objects, ...objects(uid, phase)];
    const known = { app, api, uid };
    cluster.persistentVolumes.length = 0;
    cluster.serviceAccounts.set("demo/workload-a", emulator.info.identities[0]?.clientId ?? "");
    cluster.pods.set("demo/app", { name: "app", uid: "u", serviceAccount: "workload-a", uses: ["data"] });
    change(known, {});
    return known;
  }

  async function bind({ api, uid }: Case): Promise<void> {
    const wanted = createRequest(app.emulator);
    const volume = await create(app, {
      ...wanted,
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } }],
      parameters: {
        ...get<Record<string, string>>(api, "StorageClass", "parameters"),
        "csi.storage.k8s.io/pvc/name": CLAIM.name,
        "csi.storage.k8s.io/pvc/namespace": NAMESPACE,
      },
    });
    const name = `pvc-${uid}`;
    app.cluster.persistentVolumes.push(persistentVolumeOf(volume, name, { ...CLAIM, uid }));
    const csi = { driver: DRIVER, volumeHandle: volume.volume_id, volumeAttributes: volume.volume_context };
    api.objects = [...api.objects, { apiVersion: "v1", kind: "PersistentVolume", metadata: { name }, spec: { csi } }];
    age(app, uid, HOUR_MS);
  }

  it("finds nothing wrong with a bound claim that no pod uses now", async () => {
    const known = await prepare("Bound");
    await bind(known);
    remove(known.api, ({ kind }) => kind === "Pod");
    app.cluster.pods.clear();
    const results = await diagnosesOf({ ...app, inspection: known.api.inspection }, { claim: CLAIM });
    assert.deepEqual(
      results.filter(({ status }) => status !== "ok"),
      [],
    );
  });

  it("finds nothing wrong with pods of several ServiceAccounts that the identity of the volume trusts", async () => {
    const known = await prepare("Bound");
    await bind(known);
    trust(app, "second");
    const [pod] = known.api.objects.filter(({ kind }) => kind === "Pod");
    assert(pod);
    const spec = { ...(pod["spec"] as object), serviceAccountName: "second" };
    known.api.objects = [...known.api.objects, { ...pod, metadata: { ...pod.metadata, name: "second" }, spec }];
    app.cluster.pods.set("demo/second", { name: "second", uid: "v", serviceAccount: "second", uses: ["data"] });
    const results = await diagnosesOf({ ...app, inspection: known.api.inspection }, { claim: CLAIM });
    app.cluster.pods.delete("demo/second");
    assert.deepEqual(
      results.filter(({ status }) => status !== "ok"),
      [],
    );
  });

  for (const phase of ["Pending", "Bound"] as const) {
    it(`finds nothing wrong with a claim that is ${phase} and should be`, async () => {
      const known = await prepare(phase);
      if (phase === "Bound") await bind(known);
      const results = await diagnosesOf({ ...app, inspection: known.api.inspection }, { claim: CLAIM });
      assert.deepEqual(
        results.filter(({ status }) => status !== "ok"),
        [],
      );
      const claim = results.find(({ id }) => id === "claim");
      const said = phase === "Bound" ? `Bound, volume pvc-${known.uid}` : "Pending";
      assert.equal(claim?.findings[0]?.found, `${said}; its last event: ProvisioningFailed: it failed`);
      assert(results.filter(({ category }) => category === "claim").length >= 11);
    });

    for (const { what, cause, says, breaks } of phase === "Pending" ? PENDING : BOUND) {
      it(`names one root cause for a claim that is ${phase} when this is wrong: ${what}`, async () => {
        const known = await prepare(phase);
        if (phase === "Bound") await bind(known);
        breaks(known);
        const results = await diagnosesOf({ ...app, inspection: known.api.inspection }, { claim: CLAIM });
        assertOneCause(results, cause, says);
      });
    }
  }

  it("lists no check of claims without --claim", async () => {
    const results = await diagnosesOf(app);
    assert(results.every(({ category }) => category !== "claim"));
  });
});
