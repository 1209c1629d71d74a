// When role assignments are counted, by a clock that the test moves.
import assert from "node:assert/strict";
import { setImmediate as settled } from "node:timers/promises";
import type { Arm } from "../../../src/azure/arm.ts";
import { createUsage } from "../../../src/azure/usage.ts";

const MINUTE = 60_000;

describe("the count of role assignments", () => {
  let ms: number;
  let lists: number;
  /** What a list answers; undefined: it fails. */
  let held: number | undefined;
  let read: ReturnType<typeof createUsage>;

  beforeEach(() => {
    ms = 0;
    lists = 0;
    held = 7;
    async function* byPage() {
      lists += 1;
      if (held === undefined) throw new Error("forbidden");
      yield Array.from({ length: held });
    }
    const roleAssignments = { listForSubscription: () => ({ byPage }) };
    const arm = { subscription: () => ({ authorization: { roleAssignments } }) } as unknown as Arm;
    read = createUsage({ arm, subscriptionIds: ["s"], now: () => ms });
  });

  /** Reads every 10 s for so many minutes: how many lists that caused, and what the last reading said. */
  async function readFor(minutes: number) {
    const before = lists;
    let used: number | undefined;
    for (const end = ms + minutes * MINUTE; ms < end; ms += 10_000) {
      await read();
      await settled();
      used = (await read())[0]?.used;
    }
    return { lists: lists - before, used };
  }

  it("is there at the first reading, and made again every 10 minutes", async () => {
    assert.deepEqual(await read(), [{ subscriptionId: "s", used: 7, limit: 4000 }]);
    held = 8;
    assert.deepEqual(await readFor(9), { lists: 0, used: 7 });
    assert.deepEqual(await readFor(2), { lists: 1, used: 8 });
  });

  it("that never worked is left out, and tried again after 1, 2, 4, 8 and then every 10 minutes", async () => {
    held = undefined;
    assert.deepEqual(await readFor(1), { lists: 1, used: undefined });
    assert.deepEqual(await readFor(2), { lists: 1, used: undefined });
    assert.deepEqual(await readFor(4), { lists: 1, used: undefined });
    assert.deepEqual(await readFor(8), { lists: 1, used: undefined });
    assert.deepEqual(await readFor(60), { lists: 6, used: undefined });
    held = 9;
    assert.deepEqual(await readFor(11), { lists: 2, used: 9 });
  });

  it("that worked once is kept through failures, for an hour", async () => {
    await read();
    held = undefined;
    assert.equal((await readFor(59)).used, 7);
    assert.equal((await readFor(2)).used, undefined);
    held = 5;
    assert.equal((await readFor(11)).used, 5);
  });
});
