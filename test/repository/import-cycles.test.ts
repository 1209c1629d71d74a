// No import cycles: no file under src imports itself through others, neither values nor types.
import assert from "node:assert/strict";
import { findImports, readSources, type Source } from "../support/sources.ts";

/** What each file imports from src. A dynamic import does not count: that is how a command loads code later. */
function readArrows(sources: readonly Source[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources.map((source) => {
      const arrows = findImports(source).filter(({ isOurs, isDynamic }) => isOurs && !isDynamic);
      return [source.path, [...new Set(arrows.map(({ target }) => target))]];
    }),
  );
}

/** The shortest path from a file back to itself, as "a -> b -> a"; undefined when there is none. */
function findCycle(arrows: ReadonlyMap<string, readonly string[]>, start: string): string | undefined {
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

/** One path for each file on a cycle; each cycle is reported once. */
function findCycles(sources: readonly Source[]): string[] {
  const arrows = readArrows(sources);
  const reported = new Set<string>();
  return [...arrows.keys()].sort().flatMap((path) => {
    if (reported.has(path)) return [];
    const cycle = findCycle(arrows, path);
    for (const member of cycle?.split(" -> ") ?? []) reported.add(member);
    return cycle === undefined ? [] : [cycle];
  });
}

describe("imports under src", () => {
  it("form no cycle", () => {
    const sources = readSources("src", ".ts");
    assert.ok(sources.length > 100);
    assert.deepEqual(findCycles(sources), []);
  });

  it("are reported as a path when they form a cycle, of values or types", () => {
    const files = {
      a: `import { b } from "./b.ts";`,
      b: `import type { C } from "./c.ts";`,
      c: `export * from "./a.ts";`,
    };
    const sources = Object.entries(files).map(([name, text]) => ({ path: `src/${name}.ts`, text }));
    assert.deepEqual(findCycles(sources), ["src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts"]);
    assert.deepEqual(findCycles([{ path: "src/a.ts", text: `import { b } from "./a.ts";` }]), ["src/a.ts -> src/a.ts"]);
    const type = [...sources.slice(0, 2), { path: "src/c.ts", text: `let a: typeof import("./a.ts");` }];
    assert.equal(findCycles(type).length, 1);
  });

  it("may close a cycle dynamically", () => {
    const later = [
      { path: "src/a.ts", text: `import { b } from "./b.ts";` },
      { path: "src/b.ts", text: `export const load = () => import("./a.ts");` },
    ];
    assert.deepEqual(findCycles(later), []);
  });
});
