// What every part of the bench gets, and what parts share: ways of provisioning, and blocks that alternate.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { classFor, type GrantScope } from "./classes.ts";
import type { Load, LoadResult } from "./load/load.ts";
import type { StandInProcess } from "./stand-in/process.ts";
import { type Environment, type ProductOptions, type Subject, startProduct } from "./subjects.ts";

export interface Context {
  readonly environment: Environment;
  /** Short runs show that a part works, and roughly what it finds. */
  readonly isShort: boolean;
  /** How long the phases of the realistic part last. */
  readonly minutes: Readonly<Record<"cold" | "warm", number>>;
  readonly ways: readonly Way[];
  /** Whether this build has the setting `--container-api`. */
  readonly hasBlob: boolean;
  say(text: string): void;
}

/** How containers are created, and where access is granted. */
export interface Way {
  readonly name: string;
  readonly containerApi: "arm" | "blob";
  readonly grantScope: GrantScope;
  /** An account's grant needs isolation by namespace, and so the API server. */
  readonly hasKubernetes: boolean;
}

const ALL_WAYS: readonly Way[] = [
  { name: "arm", containerApi: "arm", grantScope: "container", hasKubernetes: false },
  { name: "arm + account", containerApi: "arm", grantScope: "account", hasKubernetes: true },
  { name: "blob", containerApi: "blob", grantScope: "container", hasKubernetes: false },
  { name: "blob + account", containerApi: "blob", grantScope: "account", hasKubernetes: true },
];

/** The ways that this bundle knows: those with `blob` need the setting `--container-api`. */
export async function findWays(product: string): Promise<readonly Way[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [product, "controller", "--help"]);
  const hasBlob = stdout.includes("--container-api");
  return ALL_WAYS.filter(({ containerApi }) => hasBlob || containerApi === "arm");
}

/** Flags of the controller for a way. */
export function flagsFor({ hasBlob }: Context, { containerApi }: Way): readonly string[] {
  return hasBlob ? [`--container-api=${containerApi}`] : [];
}

/** The product on a stand-in, with the stand-in's API server where the way needs one or it is asked for. */
export function startOnStandIn(
  context: Context,
  standIn: StandInProcess,
  way: Way,
  { kubernetes = way.hasKubernetes, flags = [] }: { kubernetes?: boolean; flags?: readonly string[] } = {},
): Promise<Subject> {
  const options: ProductOptions = {
    cloudFile: standIn.cloudFile,
    kubeconfig: kubernetes ? standIn.kubeconfig : undefined,
    flags: [...flagsFor(context, way), ...flags],
  };
  return startProduct(context.environment, options);
}

let loads = 0;

/** A load of volumes that no other load has. */
export async function newLoad(way: Way, volumes: number, inFlight: number): Promise<Load> {
  loads += 1;
  const shape = await classFor(way.grantScope);
  return { ...shape, kind: "create", prefix: `load-${loads}`, volumes, inFlight };
}

/** A load, and the processor time that the server spent on each volume. */
export interface Block extends LoadResult {
  readonly cpuMs: number;
}

/** Throws when a volume fails: a figure of failures would mislead. */
export async function runBlock(subject: Subject, load: Load): Promise<Block> {
  const before = subject.figures();
  const result = await subject.loader.run(load);
  const after = subject.figures();
  if (result.failed > 0) throw new Error(`${subject.name}: ${result.failed} volumes failed: ${result.failure}`);
  return { ...result, cpuMs: (after.cpuMs - before.cpuMs) / load.volumes };
}

/** Runs each subject's block in turn, so that what else the machine does meets all of them; results by subject. */
export async function alternate(
  subjects: readonly Subject[],
  blocks: number,
  load: () => Promise<Load>,
): Promise<readonly (readonly Block[])[]> {
  const results: Block[][] = subjects.map(() => []);
  for (let block = 0; block < blocks; block += 1) {
    for (const [index, subject] of subjects.entries()) results[index]?.push(await runBlock(subject, await load()));
  }
  return results;
}
