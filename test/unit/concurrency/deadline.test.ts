import assert from "node:assert/strict";
import { withDeadline } from "../../../src/concurrency/deadline.ts";

describe("a deadline", () => {
  it("answers with the work's result, or its failure, when that comes first", async () => {
    assert.equal(await withDeadline(60_000, Promise.resolve("done"), "late"), "done");
    await assert.rejects(withDeadline(60_000, Promise.reject(new Error("no")), "late"), /no/);
  });

  it("answers late when the time is over first", async () => {
    assert.equal(await withDeadline(1, new Promise<string>(() => undefined), "late"), "late");
  });
});
