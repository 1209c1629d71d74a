/**
 * What is wrong with the way in which blobfuse2 would mount a volume, each with the line that fixes it. Pure rules;
 * `mount-checks.ts` decides what becomes of them.
 */
import { DEFAULT_BLOCK_SIZE_MIB, LEAST_PREFETCH, type MountOptions, withRecommended } from "./mount-options.ts";

/** A finding about a volume's mount. */
export interface MountFault {
  /** A name for the reason of a Kubernetes event. */
  readonly kind: string;
  /** Data would be lost, or no pod would ever run: the volume is not made unless the operator wants only a warning. */
  readonly isRefused: boolean;
  /** At most `LONGEST_MESSAGE` characters: what is wrong, what would happen, what fixes it. */
  readonly message: string;
}

/** Kubernetes cuts an event at 1 KiB; csi-provisioner puts some 100 characters before, the call id stands behind. */
export const LONGEST_MESSAGE = 850;

/** What the rules need to know of the volume. */
export interface MountRequest {
  /** Of the class, as they were written. */
  readonly flags: readonly string[];
  /** CSI's names: `MULTI_NODE_MULTI_WRITER` and so on. */
  readonly accessModes: readonly string[];
  /** Name of the StorageClass, where the cluster told it. */
  readonly className: string | undefined;
  /** The class says that it knows the file cache. */
  readonly acceptsFileCache: boolean;
}

/** Access modes in which nobody writes, and the one in which one pod alone does (ReadWriteOncePod). */
const SAFE_MODES = ["SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY", "SINGLE_NODE_SINGLE_WRITER"];

/** Nothing else can be said where a file on the node decides. */
export function findMountFaults(request: MountRequest, options: MountOptions): MountFault[] {
  if (options.hasConfigFile) return [CONFIG_FILE];
  const rules = [fileCacheFault, allowOtherFault, poolSizeFault, poolFitFault, prefetchFault];
  return rules.map((rule) => rule(request, options)).filter((fault) => fault !== undefined);
}

const CONFIG_FILE: MountFault = {
  kind: "ConfigFile",
  isRefused: false,
  message:
    "mountOptions has --config-file, a file on the nodes that cannot be checked here: make sure that it sets allow-other and " +
    "the block cache (the file cache loses data when two pods on a node use a volume), or put the options into the class",
};

type Rule = (request: MountRequest, options: MountOptions) => MountFault | undefined;

const fileCacheFault: Rule = (request, options) => {
  const { flags, accessModes, acceptsFileCache } = request;
  const isHarmless = options.isReadOnly || acceptsFileCache || accessModes.every((mode) => SAFE_MODES.includes(mode));
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

const allowOtherFault: Rule = (request, { isOpenToOthers }) => {
  if (isOpenToOthers) return undefined;
  const message = withFix(
    request,
    [...request.flags, "-o allow_other"],
    (fix) => `mountOptions has no "-o allow_other": pods that do not run as root cannot use the volume. ${fix}`,
  );
  return { kind: "NoAllowOther", isRefused: false, message };
};

const poolSizeFault: Rule = (request, options) => {
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

const poolFitFault: Rule = (_, options) => {
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

const prefetchFault: Rule = (_, { cache, prefetch }) => {
  const isTaken = prefetch === undefined || prefetch === 0 || prefetch >= LEAST_PREFETCH;
  if (cache !== "block" || isTaken) return undefined;
  const message = `--block-cache-prefetch=${prefetch}: blobfuse2 will not mount ("invalid prefetch count"). Use 0, or 11 or more`;
  return { kind: "PrefetchTooSmall", isRefused: false, message };
};

/** The message around the commands that set these options. `mountOptions` is mutable; `parameters` are not. */
function withFix(
  { flags, className = "NAME" }: MountRequest,
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
