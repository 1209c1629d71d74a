// Sends the calls of a load, a fixed number in flight or at a fixed rate, and measures each.
import { setTimeout as delay } from "node:timers/promises";
import { type CsiClient, connectCsi } from "../../../test/support/csi-client.ts";
import { percentile } from "../arithmetic.ts";
import { createRequest, type Shape, volumeName } from "./requests.ts";

/** One load. */
export interface Load extends Shape {
  readonly kind: "create" | "delete";
  readonly volumes: number;
  /** Number of the first volume; default 0. */
  readonly first?: number;
  readonly inFlight: number;
  /** Begins this many a second instead of one for each that ends; `inFlight` limits those under way. */
  readonly perSecond?: number;
  /** From the beginning of the load, until what fails is not sent again. Default: no limit but that of the attempts. */
  readonly limitSeconds?: number;
  /** What to delete. Default: what this loader has created under the same prefix. */
  readonly ids?: readonly string[];
}

/** What came of it. Latencies are of whole volumes, in milliseconds, with all attempts at one. */
export interface LoadResult {
  readonly volumes: number;
  readonly failed: number;
  /** Attempts beyond the first, by gRPC code. */
  readonly retries: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of what was created. */
  readonly ids: readonly string[];
  /** The first failure's message. */
  readonly failure?: string;
}

/** Codes after which csi-provisioner calls again: sig-storage-lib-external-provisioner, and contract of CSI. */
const RETRYABLE = new Map([
  [14, "UNAVAILABLE"],
  [10, "ABORTED"],
  [4, "DEADLINE_EXCEEDED"],
  [8, "RESOURCE_EXHAUSTED"],
]);
/** csi-provisioner's --retry-interval-start, doubled with each attempt up to the Deployment's --retry-interval-max. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MOST_ATTEMPTS = 30;

export interface Loader {
  run(load: Load): Promise<LoadResult>;
  close(): void;
}

/**
 * Each call may take 300 s, and is sent again after a retryable failure. Volume ids that were answered are kept, so that a later
 * load of the same prefix can delete the volumes.
 */
export function createLoader(socketPath: string): Loader {
  const client = connectCsi(`unix:${socketPath}`, 300);
  const ids = new Map<string, string>();
  return {
    run: (load) => run(client, ids, load),
    close: () => client.close(),
  };
}

async function run(client: CsiClient, ids: Map<string, string>, load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  const retries: Record<string, number> = {};
  const failures: string[] = [];
  const begun = performance.now();
  let next = load.first ?? 0;
  const end = next + load.volumes;
  const until = begun + (load.limitSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const worker = async () => {
    while (next < end) {
      const number = next;
      next += 1;
      const due = load.perSecond === undefined ? 0 : begun + ((number - (load.first ?? 0)) / load.perSecond) * 1000;
      if (due > performance.now()) await delay(due - performance.now());
      const sent = performance.now();
      try {
        await persist(() => send(client, ids, load, number), until, retries);
        latencies.push(performance.now() - sent);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(load.inFlight, load.volumes) }, worker));
  const seconds = (performance.now() - begun) / 1000;
  const [failure] = failures;
  return {
    volumes: load.volumes,
    ids: load.kind === "create" ? idsOf(ids, load) : [],
    failed: failures.length,
    retries,
    seconds,
    perSecond: load.volumes / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
    ...(failure !== undefined && { failure }),
  };
}

async function persist(send: () => Promise<void>, until: number, retries: Record<string, number>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const code = RETRYABLE.get((error as { readonly code?: number }).code ?? 0);
      if (code === undefined || attempt === MOST_ATTEMPTS || performance.now() > until) throw error;
      retries[code] = (retries[code] ?? 0) + 1;
      await delay(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
    }
  }
}

async function send(client: CsiClient, ids: Map<string, string>, load: Load, number: number): Promise<void> {
  const name = volumeName(load, number);
  if (load.kind === "delete") {
    const id = load.ids?.[number - (load.first ?? 0)] ?? ids.get(name) ?? "";
    await client.controller("DeleteVolume", { volume_id: id });
    ids.delete(name);
    return;
  }
  const { volume } = await client.controller("CreateVolume", createRequest(load, number));
  ids.set(name, volume?.volume_id ?? "");
}

function idsOf(ids: ReadonlyMap<string, string>, load: Load): readonly string[] {
  const numbers = Array.from({ length: load.volumes }, (_, index) => index + (load.first ?? 0));
  return numbers.map((number) => ids.get(volumeName(load, number)) ?? "");
}
