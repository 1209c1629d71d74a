// The repository's own files, for tests of its rules: names, text, and imports.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A file by its path from the repository's root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every file under `folder` whose name ends in one of `endings`; none when the folder does not exist. */
export function readSources(folder: string, ...endings: readonly string[]): readonly Source[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
  return names
    .filter((name) => endings.some((ending) => name.endsWith(ending)) && !name.includes("node_modules"))
    .map((name) => join(repository, folder, name))
    .map((path) => ({ path: relative(repository, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") }));
}

/** The YAML files of deploy/. The chart's templates are no YAML; what they render is in deploy/manifests. */
export function readDeployed(): readonly Source[] {
  return readSources("deploy", ".yaml").filter(({ path }) => !path.includes("/templates/"));
}

export interface Import {
  /** A path from the repository's root, or a package's or built-in module's name. */
  readonly target: string;
  readonly isOurs: boolean;
  /** Erased before the program runs. */
  readonly isType: boolean;
  /** Loaded on demand: `import("...")` in code, not in a type. */
  readonly isDynamic: boolean;
}

const IMPORT = /(?:^|[\s;])(?:import|export)\s+(type\s)?(?:[^"'`;]*?\sfrom\s+)?["']([^"']+)["']/g;
const CALL = /(typeof\s+)?\bimport\(\s*["'`]([^"'`]+)["'`]/g;

/** Every import of a file: static, re-exported, dynamic and in types. */
export function findImports({ path, text }: Source): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const found = [...code.matchAll(IMPORT), ...code.matchAll(CALL)].filter(([, , target]) => !target?.includes("${"));
  return found.map(([statement, type, target = ""]) => {
    const isOurs = target.startsWith(".");
    return {
      target: isOurs ? posix.normalize(posix.join(posix.dirname(path), target)) : toPackage(target),
      isOurs,
      isType: type !== undefined,
      isDynamic: type === undefined && /\bimport\(/.test(statement),
    };
  });
}

/** `@azure/core-rest-pipeline/x` -> `@azure/core-rest-pipeline`, `yaml/util` -> `yaml`, `node:fs` stays. */
function toPackage(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}
