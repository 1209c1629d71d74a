// The service with the look for orphans as its only background task, and volumes that lose what needs them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { containerFor, write } from "../../src/commands/demo/workload.ts";
import type { BlobContainer } from "../../src/emulator/world.ts";
import { create, type EmulatedApp, type EmulatedAppOptions, startEmulatedApp } from "./emulated-app.ts";
import { createFakeCluster, type FakeCluster, persistentVolumeOf } from "./fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "./held.ts";
import { SAFE_MOUNT } from "./safe-mount.ts";

export const HOUR_MS = 3_600_000;

/** A volume that CreateVolume has made. */
export interface MadeVolume {
  readonly uid: string;
  readonly id: string;
  readonly account: string;
  readonly container: string;
  readonly context: Readonly<Record<string, string>>;
}

export interface OrphanRounds {
  readonly app: EmulatedApp;
  readonly cluster: FakeCluster;
  /** A volume as csi-provisioner has it made, for a claim that exists; as old as the clock says. */
  provision(parameters?: Record<string, string>): Promise<MadeVolume>;
  /** Makes its PersistentVolume. */
  bind(volume: MadeVolume): void;
  /** Takes claim and PersistentVolume away, as by force. */
  abandon(volume: MadeVolume): void;
  /** Volumes in use, so that one orphan is not more than a fifth. */
  provisionInUse(count: number): Promise<readonly MadeVolume[]>;
  record(volume: MadeVolume): BlobContainer;
  /** Its workload writes a file; the HTTP status. */
  writeFile(volume: MadeVolume): Promise<number>;
  /** One round after the other, an hour and a little from each to the next. */
  round(): Promise<"done" | "failed">;
  rounds(count: number): Promise<void>;
  /** Names of containers, and at which of them somebody has access. */
  held(): { readonly containers: string[]; readonly granted: string[] };
  /** Values of `keyless_csi_orphans` other than 0, as `container orphan 1`. */
  gauges(): Promise<string[]>;
  metric(name: string): Promise<number | undefined>;
}

export async function startOrphanRounds(
  flags: readonly string[] = [],
  { cluster: given, ...options }: EmulatedAppOptions & { readonly cluster?: FakeCluster } = {},
): Promise<OrphanRounds> {
  let made = given;
  const watching = ["--http-endpoint", "127.0.0.1:0", "--orphan-check-interval", "1h"];
  const app = await startEmulatedApp([...watching, ...flags], {
    clusterFor: ({ issuer }) => {
      made ??= createFakeCluster(issuer.issuer);
      made.namespaces.set("team", "uid-team");
      return made;
    },
    patience: { retryDelayMs: 5 },
    tasks: ["orphans"],
    ...options,
  });
  const cluster = made ?? assert.fail("no cluster");
  const { world, info } = app.emulator;
  const record = ({ account, container }: MadeVolume) =>
    world.containers.get(`${account}/${container}`) ?? assert.fail(`no container ${container}`);
  const provision: OrphanRounds["provision"] = async (parameters = {}) => {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false });
    const claim = { "csi.storage.k8s.io/pvc/name": uid, "csi.storage.k8s.io/pvc/namespace": "team" };
    const { volume_id: id, volume_context: context } = await create(app, {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
      parameters: { clientID: info.identities[0]?.clientId ?? "", ...parameters, ...claim },
    });
    const [, account = "", container = ""] = id.split("#");
    const volume = { uid, id, account, container, context };
    record(volume).lastModified = Date.now() + app.time.now();
    return volume;
  };
  const bind = ({ uid, id, context }: MadeVolume) => {
    const volume = { volume_id: id, volume_context: context };
    const claim = { namespace: "team", name: uid, uid };
    cluster.persistentVolumes.push(persistentVolumeOf(volume, `pvc-${uid}`, claim));
  };
  const round = async () => {
    const ended = app.untilTask("orphans");
    await app.time.advance(1.2 * HOUR_MS);
    return ended;
  };
  const metrics = async () => {
    const { host = "", port = 0 } = app.app.health ?? {};
    return (await fetch(`http://${host}:${port}/metrics`)).text();
  };
  return {
    app,
    cluster,
    provision,
    bind,
    abandon({ uid }) {
      cluster.claims.delete(`team/${uid}`);
      const index = cluster.persistentVolumes.findIndex(({ name }) => name === `pvc-${uid}`);
      if (index >= 0) cluster.persistentVolumes.splice(index, 1);
    },
    async provisionInUse(count) {
      const volumes: MadeVolume[] = [];
      for (let number = 0; number < count; number++) volumes.push(await provision());
      for (const volume of volumes) bind(volume);
      return volumes;
    },
    record,
    async writeFile({ account, container }) {
      const [workload = assert.fail("no identity")] = info.identities;
      const opened = containerFor(`${info.blobEndpoint}/${account}/${container}`, {
        clientId: workload.clientId,
        tenantId: info.tenantId,
        authorityHost: info.authorityHost,
        serviceAccountToken: () => app.emulator.issuer.mint({ namespace: "demo", name: workload.name }),
      });
      return (await write(opened, "file", "data")).status;
    },
    round,
    async rounds(count) {
      for (let number = 0; number < count; number++) assert.equal(await round(), "done", app.log());
    },
    held: () => ({
      containers: heldContainers(world)
        .map(({ name }) => name)
        .sort(),
      granted: heldRoleAssignments(world)
        .filter(({ scope }) => scope.includes("/containers/"))
        .map(({ scope }) => scope.split("/").at(-1) ?? "")
        .sort(),
    }),
    async gauges() {
      const lines = [...(await metrics()).matchAll(/^keyless_csi_orphans\{kind="(\w+)",state="(\w+)"\} (\d+)$/gm)];
      return lines.filter(([, , , count]) => count !== "0").map(([, ...parts]) => parts.join(" "));
    },
    async metric(name) {
      const [, value] = new RegExp(`^${name.replace(/[{}"]/g, "\\$&")} (.*)$`, "m").exec(await metrics()) ?? [];
      return value === undefined ? undefined : Number(value);
    },
  };
}
