/**
 * What blobfuse2 will do with the mount options of a class: pure reading, for the rules in mount-problems.ts. The node
 * plugin joins the options with spaces and blobfuse2 parses them (pflag), so one option may hold several words.
 */
import { withoutUndefined } from "../../text/members.ts";

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
  /** Files are uploaded only after they have been closed. */
  readonly isLazy: boolean;
  /** Words that belong to no option. */
  readonly strayWords: readonly string[];
  /** Options whose value is an element of its own. */
  readonly tornOptions: readonly string[];
  readonly blockSizeMiB?: number;
  readonly poolSizeMiB?: number;
  /** Blocks that are read ahead for each open file. */
  readonly prefetch?: number;
}

/** Reads the mount flags of a volume capability: a class's `mountOptions` as they were written. */
export function readMountOptions(flags: readonly string[]): MountOptions {
  const pieces = piecesOf(flags);
  const { options, libfuse } = optionsOf(pieces);
  const number = (name: string) => toNumber(options.get(name));
  return {
    cache: cacheOf(options),
    isOpenToOthers: isOn(options, "allow-other") || isAmong(libfuse, "allow_other"),
    isReadOnly: isOn(options, "read-only") || isAmong(libfuse, "ro"),
    hasConfigFile: (options.get("config-file") ?? "") !== "",
    isLazy: isOn(options, "lazy-write"),
    strayWords: pieces.filter(({ name }) => name === undefined).map(({ text }) => text),
    tornOptions: pieces.filter(({ isTorn }) => isTorn).map(({ text }) => text),
    ...withoutUndefined({
      blockSizeMiB: number("block-cache-block-size"),
      poolSizeMiB: number("block-cache-pool-size"),
      prefetch: number("block-cache-prefetch"),
    }),
  };
}

/**
 * The options, repaired, and those of the recommended ones that are missing. A block cache in use keeps its block size, since
 * files of another one cannot be appended to; pool and prefetch are fitted to it. What a configuration file may say is not added.
 */
export function withRecommended(flags: readonly string[]): string[] {
  const safe = withoutOptions(repaired(flags), (name) => name === "lazy-write");
  const options = readMountOptions(safe);
  const sizes = fittedSizes(options);
  const said = optionsOf(piecesOf(safe)).options;
  const isKept = (name: string) =>
    options.cache === "block" && (!sizes.has(name) || toNumber(said.get(name)) === sizes.get(name));
  const isMissing = (option: string) => {
    if (option === "-o allow_other") return !options.isOpenToOthers && !options.hasConfigFile;
    const name = nameOf(option);
    return said.has(name) ? isOfBlockCache(name) && !isKept(name) : !options.hasConfigFile;
  };
  const withSize = (option: string) =>
    sizes.has(nameOf(option)) ? `--${nameOf(option)}=${sizes.get(nameOf(option))}` : option;
  return [
    ...withoutOptions(safe, (name) => isOfBlockCache(name) && !isKept(name)),
    ...RECOMMENDED_OPTIONS.filter(isMissing).map(withSize),
  ];
}

/** Sizes that fit each other: those of a block cache in use as far as they do, else the recommended ones. */
function fittedSizes(options: MountOptions): ReadonlyMap<string, number> {
  const recommended = readMountOptions(RECOMMENDED_OPTIONS);
  const inUse = options.cache === "block" ? options : recommended;
  const { blockSizeMiB = DEFAULT_BLOCK_SIZE_MIB, poolSizeMiB = 0, prefetch = LEAST_PREFETCH } = inUse;
  const blocks = prefetch === 0 ? 0 : Math.max(prefetch, LEAST_PREFETCH);
  const needed = Math.ceil(blocks * blockSizeMiB);
  const hasRoom = poolSizeMiB > 0 && needed <= poolSizeMiB;
  return new Map([
    ["block-cache-block-size", blockSizeMiB],
    ["block-cache-pool-size", hasRoom ? poolSizeMiB : Math.max(recommended.poolSizeMiB ?? 0, needed)],
    ["block-cache-prefetch", blocks],
  ]);
}

/** Each option with its value as one element, `-o` before a FUSE option that lacks it, and no other stray word. */
export function repaired(flags: readonly string[]): string[] {
  const pieces = piecesOf(flags).map((piece) =>
    piece.name === undefined && isForLibfuse(piece.text) ? { ...piece, name: "o", text: `-o ${piece.text}` } : piece,
  );
  return toElements(pieces.filter(({ name }) => name !== undefined));
}

export function withoutOptions(flags: readonly string[], isUnwanted: (name: string) => boolean): string[] {
  return toElements(piecesOf(flags).filter(({ name }) => name === undefined || !isUnwanted(name)));
}

/** Whether `-o` takes the word: `allow_other,uid=1000` (blobfuse2, cmd/mount.go). */
export function isForLibfuse(word: string): boolean {
  const form =
    /^((allow_other|allow_root|ro|nonempty|direct_io)(=true)?|(attr_timeout|entry_timeout|negative_timeout|umask|uid|gid)=\d+)$/;
  return word.split(",").every((option) => form.test(option));
}

/** The block cache replaces what the others have put in, and preload the block cache (blobfuse2, cmd/mount.go). */
function cacheOf(options: ReadonlyMap<string, string>): Cache {
  const caches = [
    ["preload", "preload"],
    ["block", "block-cache"],
    ["streaming", "streaming"],
  ] as const;
  return caches.find(([, name]) => isOn(options, name))?.[0] ?? "file";
}

/** Options of blobfuse2 that take a value after `=` at most; the others take the next word as theirs, as pflag has it. */
const SWITCHES = new Set(
  (
    "allow-other background-download basic-remount-check block-cache block-cache-defer-empty-file-creation " +
    "block-cache-prefetch-on-open block-cache-strong-consistency cache-on-list cpk-enabled d dcache disable-compression " +
    "disable-version-check disable-writeback-cache empty-dir-check foreground hard-limit honour-acl ignore-open-flags " +
    "ignore-sync invalidate-on-sync lazy-write no-cache-dirs no-symlinks pre-mount-validate preload preserve-acl read-only " +
    "secure-config set-content-type streaming sync-to-flush upload-modified-only use-adls use-attr-cache use-https " +
    "virtual-directory"
  ).split(" "),
);

/** An option with its value, or a stray word. */
interface Piece {
  /** As one element should have it. */
  readonly text: string;
  /** The place of the element that it begins in. */
  readonly element: number;
  /** Without dashes; a stray word has none. */
  readonly name?: string;
  /** `""`: given without a value. */
  readonly value: string;
  /** Its value is in the next element: the node plugin sorts elements when it adds its own (read-only, hierarchical). */
  readonly isTorn: boolean;
}

function piecesOf(flags: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  const rest = flags.flatMap((flag, element) => [...flag.matchAll(/\S+/g)].map(([word]) => ({ word, element })));
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const { word, element } = next;
    const [, name, given] = /^--?([^-=][^=]*)(?:=(.*))?$/.exec(withLongName(word)) ?? [];
    const takesNext = name !== undefined && given === undefined && !SWITCHES.has(name);
    const value = takesNext && rest[0]?.word.startsWith("-") === false ? rest.shift() : undefined;
    pieces.push({
      text: value === undefined ? word : `${word} ${value.word}`,
      element,
      ...(name !== undefined && { name }),
      value: given ?? value?.word ?? "",
      isTorn: value !== undefined && value.element !== element,
    });
  }
  return pieces;
}

function toElements(pieces: readonly Piece[]): string[] {
  const elements = new Map<number, string[]>();
  for (const { element, text } of pieces) elements.set(element, [...(elements.get(element) ?? []), text]);
  return [...elements.values()].map((texts) => texts.join(" "));
}

interface Options {
  /** By name; the last one counts, as for pflag. */
  readonly options: ReadonlyMap<string, string>;
  /** What `-o` lists. */
  readonly libfuse: readonly string[];
}

function optionsOf(pieces: readonly Piece[]): Options {
  const named = pieces.flatMap(({ name, value }) => (name === undefined ? [] : [{ name, value }]));
  return {
    options: new Map(named.filter(({ name }) => name !== "o").map(({ name, value }) => [name, value])),
    libfuse: named.filter(({ name }) => name === "o").flatMap(({ value }) => value.split(",")),
  };
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

function isOfBlockCache(name: string): boolean {
  return name.startsWith("block-cache");
}
