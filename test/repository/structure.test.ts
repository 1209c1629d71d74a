// The diagram of the folders under src: computed from the imports, current, small enough to read, without cycles.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findReachable, generateStructurePage, readStructure, reduce } from "../../scripts/generate-structure.ts";
import { readSources, repository } from "../support/sources.ts";

const MOST_NODES = 25;

describe("docs/explanation/structure.md", () => {
  const structure = readStructure(readSources("src", ".ts"));

  it("shows the current imports; if not, run npm run generate", async () => {
    const page = await readFile(join(repository, "docs/explanation/structure.md"), "utf8");
    assert.equal(page, await generateStructurePage());
  });

  it(`has at most ${MOST_NODES} nodes`, () => {
    assert.ok(structure.size > 10 && structure.size <= MOST_NODES, `${structure.size} nodes`);
  });

  it("has no arrow that leads back", () => {
    const circular = [...structure.keys()].filter((name) => findReachable(structure, name).has(name));
    assert.deepEqual(circular, []);
  });

  it("omits only arrows that follow from others", () => {
    const small = new Map([
      ["a", ["b", "c", "d"]],
      ["b", ["c"]],
      ["c", []],
      ["d", []],
    ]);
    assert.deepEqual(Object.fromEntries(reduce(small)), { a: ["b", "d"], b: ["c"], c: [], d: [] });
    const drawn = reduce(structure);
    for (const name of structure.keys()) {
      assert.deepEqual(findReachable(drawn, name), findReachable(structure, name), name);
    }
  });

  it("has a node for each file directly in src, and for each folder in backend", () => {
    const sources = [
      { path: "src/main.ts", text: `import "./app/service.ts";` },
      { path: "src/app/service.ts", text: `import type { A } from "../backend/blob/a.ts";\nimport "./b.ts";` },
      { path: "src/app/b.ts", text: "" },
      { path: "src/backend/blob/a.ts", text: `import "../backend.ts";` },
      { path: "src/backend/backend.ts", text: "" },
    ];
    assert.deepEqual(Object.fromEntries(readStructure(sources)), {
      app: ["backend/blob"],
      backend: [],
      "backend/blob": ["backend"],
      "main.ts": ["app"],
    });
  });
});
