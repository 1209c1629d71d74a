// Everything that the product does in Azure, as features of a running service: each succeeds with the roles that
// `keyless-csi roles` prints, and fails when an action that it needs is missing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { containerFor, read, write } from "../../src/commands/demo/workload.ts";
import { runOrphans } from "../../src/commands/orphans.ts";
import type { CreateVolumeRequestInit } from "../../src/csi/proto.generated.ts";
import { trustTag } from "../../src/volume/formats/federated-credential.ts";
import { diagnosisOf } from "../support/diagnosis.ts";
import { create } from "../support/emulated-app.ts";
import type { GrantedApp } from "../support/printed-roles.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";

/** What a workload can do with its volume: the HTTP status of each attempt. */
export async function useVolume(app: GrantedApp, volumeId: string) {
  const [, account = "", container = ""] = volumeId.split("#");
  const { blobEndpoint, identities, tenantId, authorityHost } = app.emulator.info;
  const [workload] = identities;
  assert(workload);
  const opened = containerFor(`${blobEndpoint}/${account}/${container}`, {
    clientId: workload.clientId,
    tenantId,
    authorityHost,
    serviceAccountToken: () => app.emulator.issuer.mint({ namespace: "demo", name: workload.name }),
  });
  const first = (await write(opened, "file", "once")).status;
  const again = (await write(opened, "file", "twice")).status;
  const reading = (await read(opened, "file")).status;
  const blob = opened.getBlobClient("file");
  const deleting = await blob.delete().then(
    ({ _response }) => _response.status,
    ({ statusCode }: { statusCode: number }) => statusCode,
  );
  return { write: first, overwrite: again, read: reading, delete: deleting };
}

function request(app: GrantedApp, parameters: Record<string, string>): CreateVolumeRequestInit & { name: string } {
  const uid = randomUUID();
  app.cluster.namespaces.set("demo", "uid-demo");
  app.cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount: "workload-a" });
  app.cluster.serviceAccounts.set("demo/workload-a", app.emulator.info.identities[0]?.clientId ?? "");
  const claim = { "csi.storage.k8s.io/pvc/name": uid, "csi.storage.k8s.io/pvc/namespace": "demo" };
  return {
    name: `pvc-${uid}`,
    volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
    parameters: { ...parameters, ...claim },
  };
}

const byClientId = (app: GrantedApp) => ({ clientID: app.emulator.info.identities[0]?.clientId ?? "" });
const byPrincipal = (app: GrantedApp) => ({
  ...byClientId(app),
  principalID: app.emulator.info.identities[0]?.principalId ?? "",
});

/** A volume of a class with these parameters: created twice, used by its workload, deleted. */
export async function createAndDelete(app: GrantedApp, parameters: Record<string, string>): Promise<void> {
  const wanted = request(app, parameters);
  const { volume_id: id } = await create(app, wanted);
  assert.equal((await create(app, wanted)).volume_id, id, "a retry finds the same volume");
  const { write: writing, read: reading } = await useVolume(app, id);
  assert.deepEqual([writing, reading], [201, 200]);
  await app.csi.controller("DeleteVolume", { volume_id: id });
}

function newcomerIdentity({ emulator }: GrantedApp) {
  const identity = [...emulator.world.identities.values()].find(({ name }) => name === "workload-b");
  assert(identity);
  return identity;
}

const subjects = ({ federatedCredentials }: ReturnType<typeof newcomerIdentity>) =>
  [...federatedCredentials.values()].map(({ subject }) => subject);

/** A ServiceAccount that a tag of the identity lists, and that the identity does not trust yet. */
async function trustNewcomer(app: GrantedApp): Promise<void> {
  const identity = newcomerIdentity(app);
  identity.tags[trustTag(app.emulator.issuer.issuer)] = "demo/newcomer";
  app.cluster.serviceAccounts.set("demo/newcomer", identity.clientId);
  const wanted = request(app, { identity: "serviceAccount" });
  const uid = wanted.name.slice("pvc-".length);
  app.cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount: "newcomer" });
  await create(app, wanted);
  assert(subjects(identity).includes("system:serviceaccount:demo:newcomer"));
}

type Feature = (app: GrantedApp) => Promise<void>;

export const FEATURES = {
  "a volume for a principal": (app) => createAndDelete(app, byPrincipal(app)),
  "a volume for a client id": (app) => createAndDelete(app, byClientId(app)),
  "a volume for a ServiceAccount": (app) => createAndDelete(app, { identity: "serviceAccount" }),
  "a volume with an account of its own": (app) => createAndDelete(app, { ...byPrincipal(app), isolation: "volume" }),
  "volumes of a namespace with one role assignment": (app) =>
    createAndDelete(app, { ...byPrincipal(app), isolation: "namespace", grantScope: "account" }),
  "a volume with soft delete": (app) =>
    createAndDelete(app, { ...byPrincipal(app), softDeleteBlobs: "7", softDeleteContainers: "7" }),
  "list, validate and expand": async (app) => {
    const wanted = request(app, byPrincipal(app));
    const { volume_id: id } = await create(app, wanted);
    const { entries } = await app.csi.controller("ListVolumes", {});
    assert(entries.some(({ volume }) => volume?.volume_id === id));
    const capabilities = wanted.volume_capabilities ?? [];
    await app.csi.controller("ValidateVolumeCapabilities", { volume_id: id, volume_capabilities: capabilities });
    const size = String(2 ** 31);
    await app.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: { required_bytes: size } });
    await app.csi.controller("DeleteVolume", { volume_id: id });
  },
  "drift that is repaired": async (app) => {
    const { volume_id: id } = await create(app, request(app, byPrincipal(app)));
    const account = app.emulator.world.accounts.get(id.split("#")[1] ?? "");
    assert(account);
    account.properties["allowSharedKeyAccess"] = true;
    await create(app, request(app, byPrincipal(app)));
    assert.equal(account.properties["allowSharedKeyAccess"], false);
  },
  "drift that the background check repairs": async (app) => {
    const { volume_id: id } = await create(app, request(app, byPrincipal(app)));
    const account = app.emulator.world.accounts.get(id.split("#")[1] ?? "");
    assert(account);
    account.properties["allowSharedKeyAccess"] = true;
    const ended = app.untilTask("drift-check");
    await app.time.advance(app.config.driftCheckMs);
    assert.equal(await ended, "done", app.log());
    assert.equal(account.properties["allowSharedKeyAccess"], false);
  },
  "access that is reviewed": async (app) => {
    const { volume_id: handle, volume_context: attributes } = await create(app, request(app, byPrincipal(app)));
    const claim = { namespace: "demo", name: handle, uid: randomUUID() };
    const made = { phase: "Bound", provisioner: "keyless.blob.csi", claim };
    app.cluster.persistentVolumes.push({ name: handle, handle, attributes, ...made });
    const differences = () => app.log().split("the claims do not account for").length;
    const before = differences();
    const ended = app.untilTask("access-review");
    await app.time.advance(72 * 60_000);
    assert.equal(await ended, "done", app.log());
    assert.equal(differences(), before, app.log());
    app.cluster.persistentVolumes.length = 0;
  },
  "volumes in use that are checked": async (app) => {
    const [open, lost] = [
      await create(app, request(app, byPrincipal(app))),
      await create(app, request(app, byPrincipal(app))),
    ];
    for (const { volume_id: handle, volume_context: attributes } of [open, lost]) {
      const claim = { namespace: "demo", name: handle, uid: randomUUID() };
      const made = { phase: "Bound", provisioner: "keyless.blob.csi", claim };
      app.cluster.persistentVolumes.push({ name: handle, handle, attributes, ...made });
    }
    app.emulator.world.containers.delete(lost.volume_id.split("#").slice(1, 3).join("/"));
    const before = app.cluster.warnings.length;
    for (let rounds = 0; rounds < 2; rounds++) {
      const ended = app.untilTask("volume-check");
      await app.time.advance(app.config.driftCheckMs * 1.2);
      assert.equal(await ended, "done", app.log());
    }
    const warned = app.cluster.warnings.slice(before).map(({ name, reason }) => `${reason} ${name}`);
    assert.deepEqual(warned, [`StorageMissing ${lost.volume_id}`]);
    app.cluster.persistentVolumes.length = 0;
  },
  "a volume that a workload has leased": async (app) => {
    const { volume_id: id } = await create(app, request(app, byPrincipal(app)));
    const { containers } = app.emulator.world;
    const key = id.split("#").slice(1, 3).join("/");
    const container = containers.get(key);
    assert(container);
    container.lease = { id: randomUUID(), state: "leased", durationSeconds: -1 };
    await app.csi.controller("DeleteVolume", { volume_id: id });
    assert(containers.get(key) === undefined || container.deletedUntil !== undefined);
  },
  "trust that the controller writes": (app) => trustNewcomer(app),
  "trust that orphans removes": async (app) => {
    await trustNewcomer(app);
    app.cluster.serviceAccounts.delete("demo/newcomer");
    const [stdout, stderr] = [createSink(), createSink()];
    const values = { olderThan: 3_600_000, delete: true, evenAll: true, output: "json" } as const;
    const streams = { stdout: stdout.stream, stderr: stderr.stream };
    await runOrphans({ config: app.config, values, cluster: app.cluster, ...streams });
    assert.deepEqual(subjects(newcomerIdentity(app)), ["system:serviceaccount:demo:workload-b"], stdout.text());
  },
  "an orphan that is cleaned up": async (app) => {
    const round = async () => {
      const ended = app.untilTask("orphans");
      await app.time.advance(app.config.orphans.checkMs * 1.2);
      assert.equal(await ended, "done", app.log());
    };
    for (let inUse = 0; inUse < 4; inUse++) await create(app, request(app, byPrincipal(app)));
    await round();
    const { volume_id: id } = await create(app, request(app, byPrincipal(app)));
    const key = id.split("#").slice(1, 3).join("/");
    const { containers } = app.emulator.world;
    const container = containers.get(key);
    assert(container);
    container.lastModified = Date.now() + app.time.now();
    for (const [claim, { uid }] of app.cluster.claims) if (key.endsWith(uid)) app.cluster.claims.delete(claim);
    await round();
    await round();
    assert.equal(containers.get(key), undefined, app.log());
  },
  "a list of the rights that are missing": async (app) => {
    const { findings } = await diagnosisOf(app, "permissions");
    assert.match(findings[0]?.found ?? "", /^\d+ actions at /);
  },
  "the count of role assignments": async (app) => {
    assert(app.app.health);
    const text = await (await fetch(`http://127.0.0.1:${app.app.health.port}/metrics`)).text();
    assert.match(text, /^keyless_csi_role_assignments\{.*\} [1-9]/m);
  },
  "the count of storage accounts": async (app) => {
    assert(app.app.health);
    const text = await (await fetch(`http://127.0.0.1:${app.app.health.port}/metrics`)).text();
    assert.match(text, /^keyless_csi_storage_accounts\{.*\} \d/m);
  },
} as const satisfies Record<string, Feature>;

export type FeatureName = keyof typeof FEATURES;

/** Flags of the controller that the features need. No account cache, so that drift is seen. */
export const FLAGS = [
  "--manage-federated-credentials",
  "--repair-drift",
  "--account-cache=0s",
  "--http-endpoint=127.0.0.1:0",
  "--orphan-check-interval=168h",
  "--orphan-cleanup",
];
