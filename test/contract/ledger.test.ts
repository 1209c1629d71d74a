import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Answer } from "./support/cloud.ts";
import { createLedger } from "./support/ledger.ts";

const GROUP = "/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/kc1`;
const ASSIGNMENT = `${ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/a`;
const LOCK = `${ACCOUNT}/providers/Microsoft.Authorization/locks/l`;

describe("the contract's ledger", () => {
  /** A ledger in front of an Azure that answers 200 to everything except what `refuse` names; `calls` are those that reached it. */
  function setUp(refuse: (call: string) => number | undefined = () => undefined) {
    const calls: string[] = [];
    const send = async (method: string, path: string) => {
      const call = `${method} ${path}`;
      calls.push(call);
      return { status: refuse(call) ?? 200, message: "no" } as Answer;
    };
    return { calls, ...createLedger(send, (path) => path.includes("kc1")) };
  }

  it("refuses to write anything that does not belong to the run, without a call", async () => {
    const { send, calls } = setUp();
    const foreign = ACCOUNT.replace("kc1", "production");
    for (const method of ["PUT", "PATCH", "POST", "DELETE"])
      await rejects(send(method, foreign), /does not belong to this run/);
    deepEqual(calls, []);
    equal((await send("GET", foreign)).status, 200);
  });

  it("removes locks first, then role assignments, then what they are on, the newest first", async () => {
    const { send, removeAll, calls } = setUp();
    for (const path of [ACCOUNT, `${ACCOUNT}2`, ASSIGNMENT, LOCK]) await send("PUT", `${path}?api-version=1`);
    calls.length = 0;
    deepEqual(await removeAll(), []);
    deepEqual(calls, [`DELETE ${LOCK}`, `DELETE ${ASSIGNMENT}`, `DELETE ${ACCOUNT}2`, `DELETE ${ACCOUNT}`]);
  });

  it("remembers what a failed PUT may have created, and forgets what was deleted", async () => {
    const { send, removeAll, calls } = setUp((call) => (call === `PUT ${ACCOUNT}2` ? 500 : undefined));
    for (const path of [ACCOUNT, `${ACCOUNT}2`]) await send("PUT", path);
    await send("DELETE", ACCOUNT);
    calls.length = 0;
    await removeAll();
    deepEqual(calls, [`DELETE ${ACCOUNT}2`]);
  });

  it("reports what Azure would not delete, and removes the rest all the same", async () => {
    const { send, removeAll, calls } = setUp((call) => (call === `DELETE ${ASSIGNMENT}` ? 403 : undefined));
    for (const path of [ACCOUNT, ASSIGNMENT]) await send("PUT", path);
    deepEqual(await removeAll(), [`${ASSIGNMENT}: 403 no`]);
    equal(calls.at(-1), `DELETE ${ACCOUNT}`);
  });
});
