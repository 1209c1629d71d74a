// What a message or a document must not advise: a deletion of data that neither can know to be safe.
import assert from "node:assert/strict";
import { readSources } from "../support/sources.ts";

/** In sources: texts alone, not comments. `commands/` names its own flags. */
const ADVICE =
  /orphans --delete|--delete --yes|remove (it|them|what nothing needs) (by hand|with)|free one of them|delete the (account|container)s?\b/i;

describe("no message advises", () => {
  for (const { path, text } of readSources("src", ".ts").filter(
    (each) => !/^src\/(emulator|commands)\//.test(each.path),
  )) {
    if (!/["`]/.test(text)) continue;
    it(`a deletion: ${path}`, () => {
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
      assert.equal(ADVICE.exec(code)?.[0], undefined);
    });
  }

  it("a deletion, in the pages that say what to do about an error", () => {
    for (const name of ["how-to/troubleshooting", "reference/errors"]) {
      const [{ text } = assert.fail(name)] = readSources("docs", `${name}.md`);
      assert.equal(/orphans.*--delete --yes/.exec(text)?.[0], undefined, name);
    }
  });
});
