// The service with the check of volumes in use as its only background task, and what happens to volumes in Azure meanwhile.
import assert from "node:assert/strict";
import type { Volume } from "../../src/csi/proto.generated.ts";
import type { BlobContainer } from "../../src/emulator/world.ts";
import type { ClusterVolume } from "../../src/volume/ports.ts";
import { create, createRequest, type EmulatedApp, type EmulatedAppOptions, startEmulatedApp } from "./emulated-app.ts";
import { createFakeCluster, type FakeCluster, persistentVolumeOf } from "./fake-cluster.ts";
import { heldRoleAssignments } from "./held.ts";

/** Longer than the interval and its jitter. */
const ROUND_MS = 12 * 60_000;

export interface VolumesInUse {
  readonly app: EmulatedApp;
  readonly cluster: FakeCluster;
  /** Creates a volume, and its PersistentVolume in the cluster. */
  bind(claim: string, overrides?: Partial<ClusterVolume>, parameters?: Record<string, string>): Promise<Volume>;
  round(): Promise<"done" | "failed">;
  /** Checked, without storage, without access; each undefined while the gauge is left out. */
  gauges(): Promise<(number | undefined)[]>;
  /** Claims that were warned so far, with the reason. */
  warned(): string[];
  /** Calls to Azure since the last `forgetCalls`. */
  calls(): string[];
  /** Takes a container away and answers what puts it back. */
  loseContainer(volume: Volume): () => void;
  /** Takes every role assignment of this controller away that is at the volume or its account. */
  loseAccess(volume: Volume): void;
  /** How many role assignments of this controller there are. */
  granted(): number;
}

export async function startVolumesInUse(
  flags: readonly string[] = [],
  options: EmulatedAppOptions = {},
): Promise<VolumesInUse> {
  let made: FakeCluster | undefined;
  const app = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0", ...flags], {
    clusterFor: ({ issuer }) => {
      made = createFakeCluster(issuer.issuer);
      made.namespaces.set("team", "uid-team");
      return made;
    },
    patience: { retryDelayMs: 5 },
    tasks: ["volume-check"],
    ...options,
  });
  const cluster = made ?? assert.fail("no cluster");
  const { world } = app.emulator;
  const keyOf = ({ volume_id: id }: Volume) => id.split("#").slice(1, 3).join("/");
  const granted = () => heldRoleAssignments(world).filter(({ description }) => description?.startsWith("keyless-csi"));
  return {
    app,
    cluster,
    async bind(claim, overrides = {}, parameters = {}) {
      const inClaim = { "csi.storage.k8s.io/pvc/name": claim, "csi.storage.k8s.io/pvc/namespace": "team" };
      const request = createRequest(app.emulator, { ...parameters, ...inClaim });
      const uid = (request.name ?? "").replace(/^pvc-/, "");
      cluster.claims.set(`team/${claim}`, { uid, isBoundLate: false });
      const volume = await create(app, request);
      cluster.persistentVolumes.push({
        ...persistentVolumeOf(volume, request.name ?? "", { namespace: "team", name: claim, uid }),
        provisioner: "keyless.blob.csi",
        ...overrides,
      });
      return volume;
    },
    async round() {
      const ended = app.untilTask();
      await app.time.advance(ROUND_MS);
      return ended;
    },
    async gauges() {
      const { host = "", port = 0 } = app.app.health ?? {};
      const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
      return ["checked", "without_storage", "without_access"].map((name) => {
        const [, value] = new RegExp(`^keyless_csi_volumes_${name} (.*)$`, "m").exec(text) ?? [];
        return value === undefined ? undefined : Number(value);
      });
    },
    warned: () => cluster.warnings.map(({ name, reason }) => `${name} ${reason}`).sort(),
    calls: () => app.armCalls().map(({ operation }) => operation),
    loseContainer(volume) {
      const container: BlobContainer = world.containers.get(keyOf(volume)) ?? assert.fail("no container");
      world.containers.delete(keyOf(volume));
      return () => void world.containers.set(keyOf(volume), container);
    },
    loseAccess(volume) {
      const [account = ""] = keyOf(volume).split("/");
      for (const { scope, name } of granted()) {
        const isThere =
          scope.endsWith(`/${account}`) ||
          scope.endsWith(keyOf(volume).replace("/", "/blobServices/default/containers/"));
        if (isThere) world.roleAssignments.delete(name.toLowerCase());
      }
    },
    granted: () => granted().length,
  };
}
