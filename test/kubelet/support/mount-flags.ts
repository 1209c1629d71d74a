// The mount options of a class as the OSS node plugin passes them to blobfuse2: joined, split at spaces, read as its command
// line. An option that blobfuse2 does not know makes its mount fail, so it does here.
import type { FuseOptions } from "./fuse-mount.ts";

/** Options of blobfuse2 2.5 that change only how it caches, logs or lists. */
const WITHOUT_EFFECT_HERE = [
  "block-cache",
  "block-cache-block-size",
  "block-cache-pool-size",
  "block-cache-prefetch",
  "cancel-list-on-mount-seconds",
  "use-adls",
  "log-level",
  "attr-cache-timeout",
  "file-cache-timeout",
  "file-cache-timeout-in-seconds",
  "use-attr-cache",
];
const FUSE_OPTIONS_WITHOUT_EFFECT_HERE = ["umask", "uid", "attr_timeout", "entry_timeout", "negative_timeout"];

/** Throws as blobfuse2 fails: with the name of the unknown flag. */
export function readMountFlags(flags: readonly string[]): FuseOptions {
  const words = flags
    .join(" ")
    .split(" ")
    .filter((word) => word !== "");
  const fuse: string[] = [];
  const long: string[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-o") fuse.push(...(words.shift() ?? "").split(","));
    else if (word.startsWith("--")) long.push(word.slice(2));
    else throw new Error(`unknown shorthand flag or argument ${word}`);
  }
  const known = ["allow-other", "read-only", ...WITHOUT_EFFECT_HERE];
  const unknown = long.map(nameOf).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown flag: --${unknown}`);
  const knownFuse = ["allow_other", "ro", "gid", ...FUSE_OPTIONS_WITHOUT_EFFECT_HERE];
  const unknownFuse = fuse.map(nameOf).find((name) => !knownFuse.includes(name));
  if (unknownFuse !== undefined) throw new Error(`invalid FUSE options: ${unknownFuse}`);
  const gid = fuse.find((option) => option.startsWith("gid="))?.slice("gid=".length);
  return {
    allowsOthers: fuse.includes("allow_other") || long.some((flag) => /^allow-other(=true)?$/.test(flag)),
    isReadOnly: fuse.includes("ro") || long.some((flag) => /^read-only(=true)?$/.test(flag)),
    ...(gid !== undefined && { gid }),
  };
}

function nameOf(option: string): string {
  return option.split("=", 1)[0] ?? "";
}
