// A cluster that creates, uses and deletes volumes for hours, in real time or with every clock sped up: how much memory and
// how many handles the service needs, and what is left in Azure at the end.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { containerFor, read, write } from "../../../src/commands/demo/workload.ts";
import { startCloud } from "./cloud.ts";
import { requestOf, volumeName, volumeOf } from "./modes.ts";
import { fastClock } from "./preloads.ts";
import { type Service, startService } from "./service.ts";

export interface SoakOptions {
  readonly realSeconds: number;
  /** How much faster than real time the clocks of the service and of Azure go; 1 for real time. */
  readonly speed: number;
}

export interface SoakFigures {
  readonly simulatedHours: number;
  /** Volumes created, written, read and deleted. */
  readonly volumes: number;
  /** Access tokens that Entra has issued to the controller: all but the one that each volume's workload signs in for. */
  readonly tokens: number;
  /** Resident memory of the service in MiB, after the first third and at the end: the median of each third. */
  readonly memoryMiB: readonly [number, number];
  /** Open file descriptors, likewise. */
  readonly handles: readonly [number, number];
  /** Containers and role assignments that Azure holds at the end. */
  readonly left: number;
}

/** Of every access token and every ServiceAccount token. */
const TOKEN_SECONDS = 300;
const WORKERS = 4;
const SAMPLE_MS = 500;
const CLOCK_TICK_MS = 250;

/** Throws when a volume cannot be created, used or deleted. */
export async function runSoak({ realSeconds, speed }: SoakOptions): Promise<SoakFigures> {
  const cloud = await startCloud({
    settings: { accessTokenSeconds: TOKEN_SECONDS, managedIdentityTokenSeconds: TOKEN_SECONDS },
  });
  const clock = setInterval(() => cloud.emulator.clock.advance(CLOCK_TICK_MS * (speed - 1)), CLOCK_TICK_MS);
  try {
    const nodeFlags = ["--expose-gc", "--import", fastClock(speed)];
    const service = await startService(cloud, { nodeFlags, logLevel: "info" });
    const samples: { memory: number; handles: number }[] = [];
    const ends = performance.now() + realSeconds * 1000;
    const isOver = () => performance.now() >= ends;
    let volumes = 0;
    let tokens = 0;
    const countTokens = () => {
      tokens += cloud.emulator.calls.report().counts["entra token"] ?? 0;
      cloud.forgetCalls();
    };
    const worker = async (number: number) => {
      for (let round = 0; !isOver(); round++) {
        await liveOneVolume(cloud.emulator, service, { number: number * 1_000_000 + round, workload: number % 2 });
        volumes += 1;
        await sleep(20 * WORKERS); // leaves half of the machine to other programs
      }
    };
    const sampler = async () => {
      for (; !isOver(); await sleep(SAMPLE_MS)) {
        await service.program.checkAlive();
        samples.push(await measure(service));
        countTokens();
      }
    };
    await Promise.all([sampler(), ...Array.from({ length: WORKERS }, (_, number) => worker(number))]);
    countTokens();
    const { containers, roleAssignments } = cloud.census();
    assert.equal(await service.stop(), 0);
    const third = Math.ceil(samples.length / 3);
    const between = (part: typeof samples, key: "memory" | "handles") => median(part.map((sample) => sample[key]));
    const compare = (key: "memory" | "handles"): [number, number] => [
      between(samples.slice(third, 2 * third), key),
      between(samples.slice(-third), key),
    ];
    return {
      simulatedHours: (realSeconds * speed) / 3600,
      volumes,
      tokens: tokens - volumes,
      left: containers.length + roleAssignments.length,
      memoryMiB: compare("memory"),
      handles: compare("handles"),
    };
  } finally {
    clearInterval(clock);
    await cloud.stop();
  }
}

/** Creates a volume, opens it with the workload's own token, writes, reads, lists, expands and deletes it. */
async function liveOneVolume(
  emulator: Parameters<typeof requestOf>[0],
  { csi }: Service,
  { number, workload }: { number: number; workload: number },
): Promise<void> {
  const { tenantId, authorityHost, blobEndpoint, identities } = emulator.info;
  const { name = "", clientId = "" } = identities[workload] ?? {};
  const request = requestOf(emulator, volumeName(number), {
    clientID: clientId,
    isolation: number % 9 === 0 ? "volume" : "pool",
  });
  const { volume_id: id } = volumeOf(await csi.controller("CreateVolume", request));
  const [, account, container] = id.split("#");
  const serviceAccountToken = () => emulator.issuer.mint({ namespace: "demo", name, lifetimeSeconds: TOKEN_SECONDS });
  const client = containerFor(`${blobEndpoint}/${account}/${container}`, {
    tenantId,
    authorityHost,
    clientId,
    serviceAccountToken,
  });
  assert.equal((await write(client, "a", "hello")).status, 201, id);
  assert.equal((await read(client, "a")).text, "hello", id);
  if (number % 5 === 0) {
    await csi.controller("ControllerExpandVolume", {
      volume_id: id,
      capacity_range: { required_bytes: String(2 ** 31) },
    });
    await csi.controller("ListVolumes", { max_entries: 10 });
  }
  await csi.controller("DeleteVolume", { volume_id: id });
}

/** proc(5): VmRSS, and the entries of fd. */
async function measure({ program }: Service): Promise<{ memory: number; handles: number }> {
  const text = await readFile(`/proc/${program.id}/status`, "utf8");
  const handles = (await readdir(`/proc/${program.id}/fd`)).length;
  return { memory: Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) / 1024, handles };
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}
