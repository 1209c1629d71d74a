/**
 * What blobfuse2 will do with the mount options of a class: pure reading, for the rules in mount-problems.ts. The node
 * plugin joins the options with spaces and blobfuse2 parses them (pflag), so one option may hold several words.
 */

/** What every class should say, one option a line; `deploy/` and the documents show the same, each with its reason. */
export const RECOMMENDED_OPTIONS = [
  "-o allow_other",
  "--block-cache",
  "--block-cache-block-size=1",
  "--block-cache-pool-size=256",
  "--block-cache-prefetch=11",
  "--cancel-list-on-mount-seconds=0",
] as const;

/** What blobfuse2 takes when an option is not given (blobfuse2 2.5.5, component/block_cache). */
export const DEFAULT_BLOCK_SIZE_MIB = 16;
/** Fewer are refused, but for 0: no prefetch. */
export const LEAST_PREFETCH = 11;

/** How blobfuse2 keeps what is read and written. Unless an option says otherwise, the file cache. */
export type Cache = "file" | "block" | "streaming" | "preload";

export interface MountOptions {
  readonly cache: Cache;
  /** Users other than root may use the mount. */
  readonly isOpenToOthers: boolean;
  readonly isReadOnly: boolean;
  /** A configuration file on the node decides what the options leave open: nothing is known of it here. */
  readonly hasConfigFile: boolean;
  readonly blockSizeMiB?: number;
  readonly poolSizeMiB?: number;
  /** Blocks that are read ahead for each open file. */
  readonly prefetch?: number;
}

/** Reads the mount flags of a volume capability: a class's `mountOptions` as they were written. */
export function readMountOptions(flags: readonly string[]): MountOptions {
  const { options, libfuse } = parseWords(flags);
  const number = (name: string) => toNumber(options.get(name));
  const numbers = {
    blockSizeMiB: number("block-cache-block-size"),
    poolSizeMiB: number("block-cache-pool-size"),
    prefetch: number("block-cache-prefetch"),
  };
  return {
    cache: cacheOf(options),
    isOpenToOthers: isOn(options, "allow-other") || isAmong(libfuse, "allow_other"),
    isReadOnly: isOn(options, "read-only") || isAmong(libfuse, "ro"),
    hasConfigFile: (options.get("config-file") ?? "") !== "",
    ...(Object.fromEntries(
      Object.entries(numbers).filter(([, value]) => value !== undefined),
    ) as Partial<MountOptions>),
  };
}

/** The options with those of the recommended ones that are missing: one that is there keeps its value. */
export function withRecommended(flags: readonly string[], options: MountOptions): string[] {
  // Sizes of a block cache that was not in use need not fit each other.
  const kept = options.cache === "block" ? [...flags] : withoutBlockCache(flags);
  const names = parseWords(kept).options;
  const isMissing = (option: string) =>
    option === "-o allow_other" ? !options.isOpenToOthers : !names.has(nameOf(option));
  return [...kept, ...RECOMMENDED_OPTIONS.filter(isMissing).map((option) => fitted(option, options))];
}

/** A pool that holds what the class itself wants to read ahead. */
function fitted(option: string, { cache, blockSizeMiB = 1, prefetch = LEAST_PREFETCH }: MountOptions): string {
  const [name = "", least] = option.split("=");
  const needed = cache === "block" ? Math.ceil(blockSizeMiB * prefetch) : 0;
  return name === "--block-cache-pool-size" ? `${name}=${Math.max(Number(least), needed)}` : option;
}

/** The block cache replaces what the others have put in (blobfuse2, cmd/mount.go). */
function cacheOf(options: ReadonlyMap<string, string>): Cache {
  const caches = [
    ["block", "block-cache"],
    ["streaming", "streaming"],
    ["preload", "preload"],
  ] as const;
  return caches.find(([, name]) => isOn(options, name))?.[0] ?? "file";
}

/** Options that take their value from the next word when there is no `=`. */
const VALUED = ["o", "block-cache-block-size", "block-cache-pool-size", "block-cache-prefetch", "config-file"];

interface Words {
  /** By name without dashes; the last one counts, as for pflag. `""`: given without a value. */
  readonly options: ReadonlyMap<string, string>;
  /** What `-o` lists. */
  readonly libfuse: readonly string[];
}

function parseWords(flags: readonly string[]): Words {
  const options = new Map<string, string>();
  const libfuse: string[] = [];
  const rest = flags.flatMap((flag) => flag.split(/\s+/)).map(withLongName);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, given] = /^--([^=]+)(?:=(.*))?$/.exec(word) ?? [];
    if (name === undefined) continue;
    const isNextItsValue = given === undefined && VALUED.includes(name) && rest[0]?.startsWith("-") === false;
    const value = given ?? (isNextItsValue ? rest.shift() : undefined) ?? "";
    if (name === "o") libfuse.push(...value.split(","));
    else options.set(name, value);
  }
  return { options, libfuse };
}

/** `-o`, `-oallow_other` and `-o=allow_other` are one option. */
function withLongName(word: string): string {
  return word.replace(/^-o$/, "--o").replace(/^-o=?(?=.)/, "--o=");
}

/** As Go's strconv.ParseBool, which pflag uses; a switch without value is on. */
function isOn(options: ReadonlyMap<string, string>, name: string): boolean {
  return ["", "1", "t", "true"].includes(options.get(name)?.toLowerCase() ?? "false");
}

function isAmong(libfuse: readonly string[], name: string): boolean {
  return libfuse.includes(name) || libfuse.includes(`${name}=true`);
}

function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function nameOf(option: string): string {
  return option.replace(/^--/, "").split("=", 1)[0] ?? "";
}

function withoutBlockCache(flags: readonly string[]): string[] {
  const kept = flags.map((flag) => flag.replace(/(^|\s)--block-cache[\w-]*(=\S*|\s+\d\S*)?/g, "").trim());
  return kept.filter((flag) => flag !== "");
}
