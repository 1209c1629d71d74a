/**
 * What is wrong with the way in which blobfuse2 would mount a volume, each with the line that fixes it. Pure rules;
 * volume/mount-checks.ts decides what follows from them.
 */
import { remembering } from "../../concurrency/remembered.ts";
import { cut, LONGEST_MESSAGE } from "../../text/cut.ts";
import type { MountProblem, MountRequest } from "../backend.ts";
import {
  DEFAULT_BLOCK_SIZE_MIB,
  isForLibfuse,
  LEAST_PREFETCH,
  type MountOptions,
  readMountOptions,
  repaired,
  withoutOptions,
  withRecommended,
} from "./mount-options.ts";
import type { BlobClass } from "./parameters.ts";

type BlobMountRequest = MountRequest<BlobClass>;

const READING_MODES = ["SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY"];
/** Access modes in which nobody writes, and the one in which one pod alone does (ReadWriteOncePod). */
const SAFE_MODES = [...READING_MODES, "SINGLE_NODE_SINGLE_WRITER"];

type Judge = (requestAsJson: string) => readonly MountProblem[];

/** By class: all its volumes have the same options, but for the access modes. */
const judges = new WeakMap<BlobClass, Judge>();

/** A switch for a cache wins over a file on the node; what else the file decides is not judged. */
export function findMountProblems({ volumeClass, ...request }: BlobMountRequest): readonly MountProblem[] {
  const judge = judges.get(volumeClass) ?? remembering((json) => judgeMount({ ...JSON.parse(json), volumeClass }));
  judges.set(volumeClass, judge);
  return judge(JSON.stringify(request));
}

function judgeMount(request: BlobMountRequest): MountProblem[] {
  const options = readMountOptions(request.flags);
  const judged = { ...request, wanted: wantedOptions(request, options) };
  const rules = [
    configFileProblem,
    fileCacheProblem,
    strayWordProblem,
    allowOtherProblem,
    preloadProblem,
    lazyWriteProblem,
    poolSizeProblem,
    poolFitProblem,
    prefetchProblem,
  ];
  return rules.map((rule) => rule(judged, options)).filter((problem) => problem !== undefined);
}

interface Judged extends BlobMountRequest {
  /** What every command sets, so that they may be run in any order. */
  readonly wanted: readonly string[];
}

type Rule = (request: Judged, options: MountOptions) => MountProblem | undefined;

function wantedOptions(request: BlobMountRequest, options: MountOptions): string[] {
  if (options.cache === "block" || losesData(request, options)) return withRecommended(request.flags);
  const kept = withoutOptions(repaired(request.flags), (name) => name === "lazy-write");
  return options.hasConfigFile || readMountOptions(kept).isOpenToOthers ? kept : [...kept, "-o allow_other"];
}

/** Two pods of a node may write through the file cache. */
function losesData({ accessModes, volumeClass }: BlobMountRequest, options: MountOptions): boolean {
  const isHarmless =
    options.isReadOnly || volumeClass.acceptsFileCache || accessModes.every((mode) => SAFE_MODES.includes(mode));
  return options.cache === "file" && !options.hasConfigFile && !isHarmless;
}

const warning = (kind: string, message: string): MountProblem => ({ kind, isRefused: false, message });

const configFileProblem: Rule = (_, { hasConfigFile, isOpenToOthers, cache }) => {
  const open = [
    ...(isOpenToOthers ? [] : ["allow-other"]),
    ...(cache === "block" || cache === "preload" ? [] : ["the block cache"]),
  ];
  if (!hasConfigFile || open.length === 0) return undefined;
  return warning(
    "ConfigFile",
    "mountOptions has --config-file, a file on the nodes that cannot be checked here: make sure that it sets " +
      `${open.join(" and ")}, or put the options into the class (the file cache loses data when two pods on a node use a ` +
      "volume; without allow-other only root can use it)",
  );
};

const fileCacheProblem: Rule = (request, options) => {
  if (!losesData(request, options)) return undefined;
  const message = withFix(
    request,
    (fix) =>
      "the class mounts with blobfuse2's file cache, which loses data here: all mounts of a volume on a node share one folder, " +
      `which is removed when one of them stops, with what others have fsynced. ${fix} Or claim ReadWriteOncePod; for at most ` +
      'one pod per node: a class with acceptFileCache: "true"',
    { withVolumes: true },
  );
  return { kind: "FileCache", isRefused: true, message };
};

const strayWordProblem: Rule = (request, { strayWords, tornOptions }) => {
  const forLibfuse = strayWords.filter(isForLibfuse);
  const others = strayWords.filter((word) => !isForLibfuse(word));
  const path = "blobfuse2 takes it for a path and does not mount";
  const findings = [
    ...(forLibfuse.length > 0 ? [`${quoted(forLibfuse)} needs \`-o\` before it; ${path}`] : []),
    ...(others.length > 0
      ? [`${quoted(others)} belongs to no option (a switch takes its value after \`=\`); ${path}`]
      : []),
    ...(tornOptions.length > 0
      ? [
          `${quoted(tornOptions)} must be one element: the node plugin sorts the elements of read-only and hierarchical mounts`,
        ]
      : []),
  ];
  if (findings.length === 0) return undefined;
  return warning(
    "StrayWord",
    withFix(request, (fix) => `mountOptions: ${findings.join(". ")}. ${fix}`),
  );
};

/** The first of them, cut to what a message has room for. */
function quoted(words: readonly string[]): string {
  const [first = "", ...more] = words.map((word) => `\`${cut(word, 41)}\``);
  return more.length === 0 ? first : `${first} (and ${more.length} more)`;
}

const allowOtherProblem: Rule = (request, { hasConfigFile }) => {
  if (hasConfigFile || readMountOptions(repaired(request.flags)).isOpenToOthers) return undefined;
  const message = withFix(
    request,
    (fix) => `mountOptions has no "-o allow_other": pods that do not run as root cannot use the volume. ${fix}`,
  );
  return warning("NoAllowOther", message);
};

const preloadProblem: Rule = ({ accessModes }, { cache, isReadOnly }) => {
  const isWritable = !isReadOnly && accessModes.some((mode) => !READING_MODES.includes(mode));
  if (cache !== "preload" || !isWritable) return undefined;
  return warning(
    "Preload",
    "--preload mounts read-only, and the claim asks to write: every write would fail. Claim ReadOnlyMany, or use a class with " +
      "--block-cache and without --preload",
  );
};

const lazyWriteProblem: Rule = (request, { isLazy, isReadOnly, cache }) => {
  const isRead = isReadOnly || cache === "preload" || request.accessModes.every((mode) => READING_MODES.includes(mode));
  if (!isLazy || isRead) return undefined;
  const message = withFix(
    request,
    (fix) =>
      "--lazy-write uploads a file only after it was closed, and close reports no failure: what is not uploaded when the mount " +
      `ends is lost. ${fix}`,
  );
  return warning("LazyWrite", message);
};

const poolSizeProblem: Rule = (request, options) => {
  if (options.cache !== "block" || options.hasConfigFile || options.poolSizeMiB !== undefined) return undefined;
  const message = withFix(
    request,
    (fix) =>
      `--block-cache without --block-cache-pool-size: each mount may take 80 % of the node's free memory. ${fix} ${KEEP}`,
  );
  return warning("NoPoolSize", message);
};

const KEEP = "Keep the block size: files with blocks of another size cannot be appended to";

/** By default blobfuse2 reads ahead max(11, 2 x cores) blocks. */
const PREFETCH_OF_A_LARGE_NODE = 128;

const poolFitProblem: Rule = (request, options) => {
  const { cache, hasConfigFile, poolSizeMiB, prefetch, blockSizeMiB = DEFAULT_BLOCK_SIZE_MIB } = options;
  const isKnown = !hasConfigFile || (prefetch !== undefined && options.blockSizeMiB !== undefined);
  const blocks = prefetch ?? PREFETCH_OF_A_LARGE_NODE;
  const isFit = poolSizeMiB === undefined || blocks * blockSizeMiB <= poolSizeMiB;
  if (cache !== "block" || !isKnown || isFit) return undefined;
  const set = prefetch === undefined ? "is not set, so it is 128 on a node with 64 cores" : `is ${blocks}`;
  const message = withFix(
    request,
    (fix) =>
      `--block-cache-prefetch ${set}, and ${blocks} blocks of ${blockSizeMiB} MiB do not fit into --block-cache-pool-size ` +
      `(${poolSizeMiB} MiB): blobfuse2 will not mount ("memory limit too low for configured prefetch"). ${fix} ${KEEP}`,
  );
  return warning("PoolTooSmall", message);
};

const prefetchProblem: Rule = (request, { cache, prefetch }) => {
  const isTaken = prefetch === undefined || prefetch === 0 || prefetch >= LEAST_PREFETCH;
  if (cache !== "block" || isTaken) return undefined;
  const message = withFix(
    request,
    (fix) =>
      `--block-cache-prefetch=${prefetch}: blobfuse2 will not mount ("invalid prefetch count"); it takes 0, or 11 or more. ${fix}`,
  );
  return warning("PrefetchTooSmall", message);
};

/** What happens to a volume that moves from the file cache, whose files have no blocks of the block cache's size. */
const OLD_FILES =
  "; their files can then be read and replaced, but not appended to or changed in place (EIO) until rewritten: " +
  "cp f f.new && mv f.new f";

/** The message around the commands that set these options, the most exact one that fits. `parameters` could not be changed. */
function withFix(
  { flags, wanted, className = "CLASS" }: Judged,
  message: (fix: string) => string,
  { withVolumes = false } = {},
): string {
  const json = JSON.stringify({ mountOptions: wanted }).replaceAll("'", "'\\''");
  const patch = `kubectl patch storageclass ${className} --type=merge -p '${json}'`;
  const added = wanted.filter((option) => !flags.includes(option)).join(", ");
  const edit = `kubectl edit storageclass ${className}, mountOptions: `;
  const ofClass = `$(kubectl get sc ${className} -o jsonpath='{.mountOptions}')`;
  const patchVolume = `kubectl patch pv NAME --type=merge -p "{\\"spec\\":{\\"mountOptions\\":${ofClass}}}"`;
  const fixes = [
    [patch, patchVolume],
    [patch, "kubectl edit pv NAME, the same mountOptions"],
    ...(added === "" ? [] : [[`${edit}add ${added}`, "kubectl edit pv NAME, the same mountOptions"]]),
    [`${edit}docs/how-to/node-plugin.md tells which`, "kubectl edit pv NAME, the same"],
  ].map(([ofTheClass, ofVolumes]) =>
    message(`Fix the class: ${ofTheClass}.${withVolumes ? ` Fix existing volumes: ${ofVolumes}${OLD_FILES}.` : ""}`),
  );
  return fixes.find((text) => text.length <= LONGEST_MESSAGE) ?? fixes.at(-1) ?? "";
}
