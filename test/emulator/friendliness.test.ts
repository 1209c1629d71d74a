// The emulator is never friendlier than Azure: of each write that the product makes, every member is made wrong in every way, and
// what the emulator does with it is what Azure does by its specification. docs/reference/emulator-bodies.md is the table.
import { deepEqual, ok } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { expected } from "./friendliness/expectations.ts";
import { type Found, KINDS, membersOf, mutate } from "./friendliness/mutants.ts";
import { type Outcome, type Stage, setStage } from "./friendliness/replay.ts";
import { captureWrites, type Write } from "./friendliness/writes.ts";

/** The writes of the product that this test knows; a new one needs a stage in replay.ts. */
const OPERATIONS = [
  "blobServices/set",
  "containers/create",
  "containers/update",
  "federatedCredentials/create",
  "roleAssignments/create",
  "storageAccounts/create",
  "storageAccounts/update",
];

describe("a body of the product with one member wrong", () => {
  let arm: Arm;
  let stage: Stage;
  let writes: readonly Write[];
  before(async () => {
    writes = await captureWrites();
    arm = await startArm();
    stage = await setStage(arm);
  });
  after(() => arm.close());

  it("is one of the writes that are known", () => {
    deepEqual([...new Set(writes.map(({ route }) => route.operation))], OPERATIONS);
  });

  for (const operation of OPERATIONS) {
    it(`of ${operation} is refused or left out as by Azure`, async () => {
      const own = writes.filter(({ route }) => route.operation === operation);
      const results = [];
      for (const write of own) {
        ok("shown" in (await stage.send(write, write.body)), "the product's own body is refused");
        for (const found of membersOf(write)) results.push(...(await tryMember(write, found)));
      }
      deepEqual(
        results.filter(({ verdict, wanted }) => verdict !== wanted),
        [],
      );
      ok(results.length >= 6, `${results.length} mutants`);
    });
  }

  /** Each way in which the member can be wrong, with what the emulator did, and what Azure does. */
  async function tryMember(write: Write, found: Found) {
    const without = await stage.send(write, withoutMember(write, found));
    const results = [];
    for (const kind of KINDS) {
      const body = mutate(write.body, found, kind);
      if (body === undefined) continue;
      const verdict = verdictOf(await stage.send(write, body), without);
      results.push({ mutant: `${found.path}, ${kind}`, verdict, wanted: expected(write, found, kind) });
    }
    return results;
  }

  /** Of a list or map, without the value that stands for all. */
  function withoutMember(write: Write, found: Found) {
    const body = structuredClone(write.body);
    const holder = found.keys
      .slice(0, -1)
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], body);
    if (Array.isArray(holder)) holder.length = 0;
    else delete (holder as Record<string, unknown>)[found.keys.at(-1) ?? ""];
    return body;
  }

  function verdictOf(outcome: Outcome, without: Outcome): string {
    if ("refused" in outcome) return outcome.refused;
    return "shown" in without && isDeepStrictEqual(outcome.shown, without.shown) ? "absent" : "set";
  }
});
