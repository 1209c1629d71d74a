// Words and phrases that must not come back, each with what to write instead. docs/explanation/glossary.md has those that stay.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generated } from "../../scripts/generate.ts";
import { readSources, repository, type Source } from "../support/sources.ts";

/** What is searched; generated files follow from their sources, and the CHANGELOG may name what was replaced. */
const FOLDERS = ["bin", "docs", "deploy", "proto", "scripts", "src", "test"];
const FILES = ["README.md", "CONTRIBUTING.md", "Makefile", "Dockerfile", ".ci/run"];
const ENDINGS = [".ts", ".mjs", ".md", ".yaml", ".json", ".py", ".go", ".patch"];
const SELF = "test/repository/words.test.ts";

interface Banned {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Words in this order, in any case, also when a line of prose or of a comment is wrapped between them. */
function phrase(words: string, instead: string): Banned {
  return { pattern: new RegExp(`\\b${words.split(" ").join("[\\s*/#]+")}\\b`, "gi"), instead };
}

/** A name in code, or a part of one: `holders` is also found in `readHolders` and `holdersOf`, but not in `placeholders`. */
function name(word: string, instead: string): Banned {
  const capitalized = word.replace(/^[a-z]/, (letter) => letter.toUpperCase());
  return { pattern: new RegExp(`\\b${word}(?![a-z])|(?<=[a-z])${capitalized}(?![a-z])`, "g"), instead };
}

const BANNED: readonly Banned[] = [
  phrase("anew", "recreate, create again, regenerate"),
  phrase("be had", "is available, exists"),
  phrase("whoever", "anyone who, or name the role: the tenant, the owner of the identity"),
  phrase("(?:is|are|was|were) told", "receives, is given, is reported; say who tells whom"),
  phrase("told at once", "reported together"),
  phrase("called wrongly", "usage error"),
  phrase("of ours", "the controller's, this driver's, created by the controller"),
  phrase("leaves behind itself", "leaves"),
  phrase("the least (?:version|that)", "the minimum version, the minimal rights"),
  { pattern: /re-?label/gi, instead: "setMetadata; in prose: change the metadata" },
  { pattern: /leftover/gi, instead: "previous attempt; what is left" },
  name("openings", "nonEntraAccess; in prose: ways in without Entra"),
  name("holders", "cluster references"),
  { pattern: /\bClaimed\b/g, instead: "ClaimContext" },
  { pattern: /\bcreateFlight\b/g, instead: "createSingleFlight" },
  { pattern: /\bcreateMemory\b/g, instead: "createTtlCache" },
  { pattern: /\binTurn\b/g, instead: "a serial queue" },
  { pattern: /\bit_\b/g, instead: "app, or what it is" },
  { pattern: /\bforms\.ts\b/g, instead: "the file that holds the form now" },
];

/** Each hit as `path:line: what (instead: what to write)`; line 0 is the file's own path. */
function findBanned({ path, text }: Source): readonly string[] {
  const all = `${path}\n${text}`;
  return BANNED.flatMap(({ pattern, instead }) =>
    [...all.matchAll(pattern)].map(({ 0: hit, index }) => {
      const line = all.slice(0, index).split("\n").length - 1;
      return `${path}:${line}: ${hit.replaceAll(/\s+/g, " ")} (instead: ${instead})`;
    }),
  );
}

describe("words", () => {
  it("that were replaced do not come back", () => {
    const files = FILES.map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
    const sources = [...files, ...FOLDERS.flatMap((folder) => readSources(folder, ...ENDINGS))].filter(
      ({ path }) => path !== SELF && !generated.has(path) && !path.endsWith(".generated.ts"),
    );
    assert.ok(sources.length > FILES.length);
    assert.deepEqual(sources.flatMap(findBanned), []);
  });

  it("would be found: in prose, wrapped in a comment, in a name, in a path", () => {
    const found = (text: string, path = "x.ts") => findBanned({ path, text }).map((hit) => hit.split(" (")[0]);
    assert.deepEqual(found("Made anew by\nwhoever asks."), ["x.ts:1: anew", "x.ts:2: whoever"]);
    assert.deepEqual(found("// a fault of\n// ours"), ["x.ts:1: of // ours"]);
    assert.deepEqual(found("", "src/volume/leftover.ts"), ["src/volume/leftover.ts:0: leftover"]);
    assert.deepEqual(found("readHolders(holders)"), ["x.ts:1: Holders", "x.ts:1: holders"]);
    assert.deepEqual(found("placeholders, claimed, in turn, renewed, of hours"), []);
  });
});
