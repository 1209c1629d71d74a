// The pages that count the contract's sentences, against test/contract: how many there are, and how many Azure has confirmed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chapters } from "../contract/chapters.ts";
import { readValidations } from "../contract/support/validated.ts";
import { repository } from "../support/sources.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");

describe("the pages about the contract", () => {
  const total = chapters.flatMap(({ sentences }) => sentences).length;

  it("say how many of its sentences Azure has confirmed", async () => {
    const confirmed = Object.keys(await readValidations()).length;
    const expected = `So far Azure has confirmed ${confirmed} of the contract's ${total} sentences.`;
    for (const path of ["docs/how-to/emulator.md", "docs/how-to/prove-on-azure.md"]) {
      const text = read(path).replaceAll(/\s+/g, " ");
      assert.ok(text.includes(expected), `${path} must say: ${expected}`);
    }
  });

  it("show output with the number of sentences that there are", () => {
    for (const path of ["README.md", "docs/how-to/prove-on-azure.md"]) {
      const shown = [...read(path).matchAll(/contract: (\d+) sentences/g)].map(([, count]) => Number(count));
      assert.deepEqual(shown, [total], path);
    }
  });
});
