// The code cache of a bundle's program: used for the very source and Node that it was made of, and otherwise left alone.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProgram, writeCache } from "../../src/bundled/program.ts";

const SOURCE = "(function () { return 41 + 1; })";
/** Of the same length, which is all that V8 looks at. */
const OTHER = "(function () { return 41 + 2; })";

describe("a program's code cache", () => {
  let folder: string;
  let path: string;
  let cache: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-program-"));
    path = join(folder, "program.js");
    cache = `${path}.v8-cache`;
  });
  beforeEach(async () => {
    await rm(cache, { force: true });
    await writeFile(path, SOURCE);
    const script = readProgram(path);
    assert.equal(script.runInThisContext()(), 42);
    writeCache(path, script);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** What the program answers, and whether V8 was given a cache and took it. */
  function run() {
    const script = readProgram(path);
    return { answer: script.runInThisContext()(), isRejected: script.cachedDataRejected };
  }

  it("is used", () => {
    assert.deepEqual(run(), { answer: 42, isRejected: false });
  });

  it("of another source is not used", async () => {
    await writeFile(path, OTHER);
    assert.deepEqual(run(), { answer: 43, isRejected: undefined });
  });

  const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    "of another version of Node": (bytes) =>
      Buffer.from(bytes.toString("latin1").replace(process.version, "v24.0.0"), "latin1"),
    "of another kind of processor": (bytes) =>
      Buffer.from(bytes.toString("latin1").replace(` ${process.arch} `, " other "), "latin1"),
    "with a byte changed": (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]),
    "that is cut": (bytes) => bytes.subarray(0, bytes.length - 8),
    "that is empty": () => Buffer.alloc(0),
    "without a line break": () => Buffer.from("v24"),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`${what} is not used`, async () => {
      await writeFile(cache, damage(await readFile(cache)));
      assert.deepEqual(run(), { answer: 42, isRejected: undefined });
    });
  }

  it("is not needed", async () => {
    await rm(cache);
    assert.deepEqual(run(), { answer: 42, isRejected: undefined });
  });
});
