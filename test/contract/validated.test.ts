import { deepEqual, equal } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chapters } from "./chapters.ts";
import { isAzure, nameOf, readValidations, recordValidations, type Validation } from "./support/validated.ts";

const validation = (date: string): Validation => ({
  date,
  subscriptionKind: "Test_2014-09-01",
  apiVersions: ["2025-06-01"],
});

describe("the sentences that Azure has confirmed", () => {
  it("are sentences of the contract: a reworded one must be confirmed again", async () => {
    const sentences = chapters.flatMap((chapter) => chapter.sentences.map((sentence) => nameOf(chapter, sentence)));
    const unknown = Object.keys(await readValidations()).filter((name) => !sentences.includes(name));
    deepEqual(unknown, [], "remove these from test/contract/validated.json");
  });

  it("are kept from run to run, the latest confirmation of each", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-validated-"));
    const file = join(folder, "validated.json");
    await writeFile(file, "{}\n");
    await recordValidations({ b: validation("2026-01-01"), a: validation("2026-01-01") }, file);
    await recordValidations({ b: validation("2026-02-02") }, file);
    const expected = { a: validation("2026-01-01"), b: validation("2026-02-02") };
    deepEqual(Object.entries(await readValidations(file)), Object.entries(expected));
    await rm(folder, { recursive: true });
  });

  it("are confirmed by Microsoft's clouds alone", () => {
    equal(isAzure("https://management.azure.com/"), true);
    equal(isAzure("https://127.0.0.1:34339"), false);
  });
});
