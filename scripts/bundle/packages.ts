// Other people's work in a bundle: the packages whose code is in it, as esbuild says, and their licences.
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");

/** A package, as its package.json describes it. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  readonly homepage: string;
  /** From the repository's root. */
  readonly folder: string;
}

/** The packages of a bundle's inputs, in the order of their names. Two versions of one package are two. */
export async function packagesOf(inputs: readonly string[]): Promise<readonly BundledPackage[]> {
  const folders = new Set(inputs.flatMap((path) => folderOf(path) ?? []));
  const packages = await Promise.all([...folders].map(readPackage));
  return packages.sort((one, other) => compare(`${one.name} ${one.version}`, `${other.name} ${other.version}`));
}

/** The licence of each, whole: MIT, BSD and ISC ask that their text goes with every copy. Throws for a package without one. */
export async function licenceTexts(packages: readonly BundledPackage[]): Promise<string> {
  const texts = packages.map(async ({ name, version, license, folder }) => {
    const files = await readdir(join(repository, folder));
    const own = files.filter((file) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(file)).sort();
    if (own.length === 0) throw new Error(`${folder} has no licence file`);
    const contents = await Promise.all(own.map((file) => readFile(join(repository, folder, file), "utf8")));
    return `${name} ${version} (${license})\n\n${contents.map((text) => text.trim()).join("\n\n")}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}

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
  return { name, version, license, homepage, folder };
}

/** Not by the machine's locale: the answer is part of generated files. */
const compare = (one: string, other: string) => (one < other ? -1 : Number(one > other));
