// Which folders of the emulator may import which: resource providers know the front door and the models of bodies, not each other, and what ARM,
// Blob and Data Lake share knows none of them.
import { deepEqual, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

const ROOT = new URL("../../src/emulator/", import.meta.url);

/** What must not be imported from where. */
const FORBIDDEN: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^storage\//, /^(arm|blob|dfs|entra|admin)\//],
  [/^authorization\//, /^(arm|blob|dfs|entra|admin|storage)\//],
  [/^arm\//, /^(blob|dfs|admin)\//],
  [/^(blob|dfs|entra)\//, /^(arm|admin)\//],
  [/^blob\//, /^dfs\//],
  [/^arm\/front-door\//, /^arm\/(?!front-door\/|provider\.ts$)/],
  [/^arm\/bodies\//, /^arm\/(?!bodies\/|front-door\/|provider\.ts$)/],
];

const PROVIDER = /^arm\/(?!front-door\/|bodies\/)([^/]+)\//;

function importsOf(path: string): string[] {
  const text = readFileSync(new URL(path, ROOT), "utf8");
  const targets = [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, target = ""]) => target);
  return targets.map((target) => posix.normalize(posix.join(posix.dirname(path), target)));
}

describe("the emulator's folders", () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const arrows = files.flatMap((from) => importsOf(from).map((to) => ({ from, to })));

  it("import only what lies below them", () => {
    ok(arrows.length > files.length);
    const wrong = arrows.filter(({ from, to }) => FORBIDDEN.some(([here, there]) => here.test(from) && there.test(to)));
    deepEqual(wrong, []);
  });

  it("keep resource providers apart", () => {
    const providerOf = (path: string) => PROVIDER.exec(path)?.[1];
    const wrong = arrows.filter(({ from, to }) => {
      const [one, other] = [providerOf(from), providerOf(to)];
      return one !== undefined && other !== undefined && one !== other;
    });
    deepEqual(wrong, []);
  });
});
