// Dependencies are decisions: exact versions, each with a line in docs/decisions, each used where it is declared.
import assert from "node:assert/strict";
import manifest from "../../package.json" with { type: "json" };
import { findImports, readSources, type Source } from "../support/sources.ts";

const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
/** Tools that are run and not imported, what one of our packages loads if it is there, and Node itself. */
const RUN_NOT_IMPORTED = [
  "@biomejs/biome",
  "ajv",
  "ajv-formats",
  "ajv-formats-draft2019",
  "mocha",
  "node",
  "typescript",
];

const product = readSources("src", ".ts");

/** The names of the packages that files import, built-in modules left out. */
function packagesOf(sources: readonly Source[]): readonly string[] {
  const imports = sources.flatMap(findImports).filter(({ isOurs, target }) => !isOurs && !target.startsWith("node:"));
  return [...new Set(imports.map(({ target }) => target))];
}

/** The names that are not among `known`, a list or the keys of an object. */
function absent(names: readonly string[], known: readonly string[] | object): readonly string[] {
  const list: readonly string[] = Array.isArray(known) ? known : Object.keys(known);
  return names.filter((name) => !list.includes(name));
}

describe("dependencies", () => {
  it("are pinned to exact versions", () => {
    for (const [name, version] of Object.entries(declared)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });

  it("each have a line in docs/decisions that says why", () => {
    const decisions = readSources("docs/decisions", ".md")
      .map(({ text }) => text)
      .join("\n");
    assert.deepEqual(
      Object.keys(declared).filter((name) => !decisions.includes(`\`${name}\``)),
      [],
    );
  });

  it("of the product are exactly what src imports; the demo may also use those of tests", () => {
    const imported = packagesOf(product.filter(({ path }) => !path.startsWith("src/commands/demo")));
    assert.deepEqual(absent(imported, manifest.dependencies), []);
    assert.deepEqual(absent(Object.keys(manifest.dependencies), packagesOf(product)), []);
  });

  it("of tests, scripts and the demo are declared and used", () => {
    const imported = packagesOf([...product, ...readSources("test", ".ts"), ...readSources("scripts", ".ts", ".mjs")]);
    assert.deepEqual(absent(imported, declared), []);
    // A package of types counts as used where the package that it describes is used.
    const names = Object.keys(manifest.devDependencies).map((name) => name.replace(/^@types\//, ""));
    assert.deepEqual(absent(names, [...imported, ...RUN_NOT_IMPORTED]), []);
  });
});
