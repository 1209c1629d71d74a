/**
 * What is wrong with the way in which blobfuse2 would mount a volume, each with the line that fixes it. Pure rules;
 * volume/mount-checks.ts decides what follows from them.
 */
import { LONGEST_MESSAGE, type MountProblem, type MountRequest } from "../backend.ts";
import {
  DEFAULT_BLOCK_SIZE_MIB,
  LEAST_PREFETCH,
  type MountOptions,
  readMountOptions,
  withRecommended,
} from "./mount-options.ts";
import type { BlobClass } from "./parameters.ts";

type BlobMountRequest = MountRequest<BlobClass>;

/** Access modes in which nobody writes, and the one in which one pod alone does (ReadWriteOncePod). */
const SAFE_MODES = ["SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY", "SINGLE_NODE_SINGLE_WRITER"];

/** Where a file on the node decides, nothing else is known. */
export function findMountProblems(request: BlobMountRequest): MountProblem[] {
  const options = readMountOptions(request.flags);
  if (options.hasConfigFile) return [CONFIG_FILE];
  const rules = [fileCacheProblem, allowOtherProblem, poolSizeProblem, poolFitProblem, prefetchProblem];
  return rules.map((rule) => rule(request, options)).filter((fault) => fault !== undefined);
}

const CONFIG_FILE: MountProblem = {
  kind: "ConfigFile",
  isRefused: false,
  message:
    "mountOptions has --config-file, a file on the nodes that cannot be checked here: make sure that it sets allow-other and " +
    "the block cache (the file cache loses data when two pods on a node use a volume), or put the options into the class",
};

type Rule = (request: BlobMountRequest, options: MountOptions) => MountProblem | undefined;

const fileCacheProblem: Rule = (request, options) => {
  const { flags, accessModes, volumeClass } = request;
  const isHarmless =
    options.isReadOnly || volumeClass.acceptsFileCache || accessModes.every((mode) => SAFE_MODES.includes(mode));
  if (options.cache !== "file" || isHarmless) return undefined;
  const message = withFix(
    request,
    withRecommended(flags, options),
    (fix) =>
      "the class mounts with blobfuse2's file cache, which loses data here: all mounts of a volume on a node share one cache " +
      "folder, and it is removed when one of them stops, with what other pods have written and fsynced. " +
      `${fix} Or claim ReadWriteOncePod (one pod), or accept the loss in a class with the parameter acceptFileCache: "true"`,
  );
  return { kind: "FileCache", isRefused: true, message };
};

const allowOtherProblem: Rule = (request, { isOpenToOthers }) => {
  if (isOpenToOthers) return undefined;
  const message = withFix(
    request,
    [...request.flags, "-o allow_other"],
    (fix) => `mountOptions has no "-o allow_other": pods that do not run as root cannot use the volume. ${fix}`,
  );
  return { kind: "NoAllowOther", isRefused: false, message };
};

const poolSizeProblem: Rule = (request, options) => {
  if (options.cache !== "block" || options.poolSizeMiB !== undefined) return undefined;
  const message = withFix(
    request,
    withRecommended(request.flags, options),
    (fix) =>
      `--block-cache without --block-cache-pool-size: each mount may take 80 % of the node's free memory. ${fix}`,
  );
  return { kind: "NoPoolSize", isRefused: false, message };
};

/** By default blobfuse2 reads ahead max(11, 2 x cores) blocks. */
const PREFETCH_OF_A_LARGE_NODE = 128;

const poolFitProblem: Rule = (_, options) => {
  const { cache, poolSizeMiB, prefetch, blockSizeMiB = DEFAULT_BLOCK_SIZE_MIB } = options;
  const blocks = prefetch ?? PREFETCH_OF_A_LARGE_NODE;
  if (cache !== "block" || poolSizeMiB === undefined || blocks * blockSizeMiB <= poolSizeMiB) return undefined;
  const set = prefetch === undefined ? "is not set, so it is 128 on a node with 64 cores" : `is ${blocks}`;
  return {
    kind: "PoolTooSmall",
    isRefused: false,
    message:
      `--block-cache-prefetch ${set}, and ${blocks} blocks of ${blockSizeMiB} MiB do not fit into --block-cache-pool-size ` +
      `(${poolSizeMiB} MiB): blobfuse2 will not mount ("memory limit too low for configured prefetch"). Set ` +
      "--block-cache-prefetch=11 and --block-cache-block-size=1 in the class, or a larger pool",
  };
};

const prefetchProblem: Rule = (_, { cache, prefetch }) => {
  const isTaken = prefetch === undefined || prefetch === 0 || prefetch >= LEAST_PREFETCH;
  if (cache !== "block" || isTaken) return undefined;
  const message = `--block-cache-prefetch=${prefetch}: blobfuse2 will not mount ("invalid prefetch count"). Use 0, or 11 or more`;
  return { kind: "PrefetchTooSmall", isRefused: false, message };
};

/** The message around the commands that set these options. `mountOptions` is mutable; `parameters` are not. */
function withFix(
  { flags, className = "NAME" }: BlobMountRequest,
  wanted: readonly string[],
  message: (fix: string) => string,
): string {
  const json = JSON.stringify(wanted).replaceAll("'", "'\\''");
  const patch = `kubectl patch storageclass ${className} --type=merge -p '{"mountOptions":${json}}'`;
  const existing = `kubectl patch pv NAME --type=merge -p '{"spec":{"mountOptions":[the same]}}'`;
  const whole = message(`Fix the class: ${patch} and existing volumes: ${existing}.`);
  if (whole.length <= LONGEST_MESSAGE) return whole;
  // Long options of the class itself leave room for those only that it lacks.
  const added = wanted.filter((option) => !flags.includes(option)).join(", ");
  const edit = `kubectl edit storageclass ${className}, and add to mountOptions: ${added}`;
  return message(`Fix the class: ${edit}; existing volumes: kubectl edit pv NAME.`);
}
