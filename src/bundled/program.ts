/**
 * The program of a bundle and its code cache: what V8 has compiled of it, beside it in a file that the build writes. Node's own
 * compile cache cannot be shipped in an image: its folder is named after the user's id and the processor's features
 * (src/compile_cache.cc in Node 24), which are others where the image runs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/** A program's text is a function of what a CommonJS module finds, as far as esbuild's output refers to it. */
type Program = (require: NodeJS.Require, module: { exports: object }, filename: string, folder: string) => void;

/** Starts what `readProgram` has read. */
export function runProgram(path: string, script: Script): void {
  (script.runInThisContext() as Program)(createRequire(path), { exports: {} }, path, dirname(path));
}

/**
 * Reads a program, compiled already where its cache fits. V8 compares its own version and flags with the cache's, but of the
 * source only the length, and does not look for damage: a cache that is not of this very source, or not whole, is left out.
 */
export function readProgram(path: string): Script {
  // Pure ASCII (scripts/bundle.ts): a string of one byte for each character.
  const source = readFileSync(path, "latin1");
  const cachedData = readCache(path, source);
  return new Script(source, { filename: path, ...(cachedData !== undefined && { cachedData }) });
}

/** Writes the cache: what has been compiled until now, so best once the program serves. */
export function writeCache(path: string, script: Script): void {
  const data = script.createCachedData();
  writeFileSync(cacheOf(path), Buffer.concat([Buffer.from(seal(readFileSync(path, "latin1"), data)), data]));
}

function readCache(path: string, source: string): Buffer | undefined {
  let cache: Buffer;
  try {
    cache = readFileSync(cacheOf(path));
  } catch {
    return undefined;
  }
  const data = cache.subarray(cache.indexOf("\n") + 1);
  return cache.subarray(0, -data.length).toString("latin1") === seal(source, data) ? data : undefined;
}

function cacheOf(path: string): string {
  return `${path}.v8-cache`;
}

/** The first line of a cache: for whom it is, and the checksums of its source and of itself. */
function seal(source: string, data: Buffer): string {
  return `${process.version} ${process.arch} ${crc32(source)} ${crc32(data)}\n`;
}
