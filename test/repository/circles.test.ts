// Imports run in one direction: no file under src leads back to itself, by values or by types.
import assert from "node:assert/strict";
import { findImports, readSources, type Source } from "../support/sources.ts";

/** What each file imports of ours. A dynamic import is no arrow: it is how a command loads what comes later. */
function readArrows(sources: readonly Source[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources.map((source) => {
      const arrows = findImports(source).filter(({ isOurs, isDynamic }) => isOurs && !isDynamic);
      return [source.path, [...new Set(arrows.map(({ target }) => target))]];
    }),
  );
}

/** The shortest way from a file back to itself, as "a -> b -> a"; undefined when there is none. */
function findCircle(arrows: ReadonlyMap<string, readonly string[]>, start: string): string | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const next of arrows.get(at) ?? []) {
      if (!cameFrom.has(next)) {
        cameFrom.set(next, at);
        waiting.push(next);
      }
    }
    if (cameFrom.has(start)) return trace(cameFrom, start).join(" -> ");
  }
  return undefined;
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string): string[] {
  const way = [start];
  do way.unshift(cameFrom.get(way[0] ?? start) ?? start);
  while (way[0] !== start);
  return way;
}

/** One way round for each file that lies on a circle; circles that begin elsewhere are told once. */
function findCircles(sources: readonly Source[]): string[] {
  const arrows = readArrows(sources);
  const told = new Set<string>();
  return [...arrows.keys()].sort().flatMap((path) => {
    if (told.has(path)) return [];
    const circle = findCircle(arrows, path);
    for (const member of circle?.split(" -> ") ?? []) told.add(member);
    return circle === undefined ? [] : [circle];
  });
}

describe("imports under src", () => {
  it("run in no circle", () => {
    const sources = readSources("src", ".ts");
    assert.ok(sources.length > 100);
    assert.deepEqual(findCircles(sources), []);
  });

  it("would be found in a circle, of values or types, and told as the way round", () => {
    const files = {
      a: `import { b } from "./b.ts";`,
      b: `import type { C } from "./c.ts";`,
      c: `export * from "./a.ts";`,
    };
    const sources = Object.entries(files).map(([name, text]) => ({ path: `src/${name}.ts`, text }));
    assert.deepEqual(findCircles(sources), ["src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts"]);
    assert.deepEqual(findCircles([{ path: "src/a.ts", text: `import { b } from "./a.ts";` }]), [
      "src/a.ts -> src/a.ts",
    ]);
    const type = [...sources.slice(0, 2), { path: "src/c.ts", text: `let a: typeof import("./a.ts");` }];
    assert.equal(findCircles(type).length, 1);
  });

  it("may load a file that leads back, when it is called for", () => {
    const later = [
      { path: "src/a.ts", text: `import { b } from "./b.ts";` },
      { path: "src/b.ts", text: `export const load = () => import("./a.ts");` },
    ];
    assert.deepEqual(findCircles(later), []);
  });
});
