import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Answer } from "./support/cloud.ts";
import { createLedger } from "./support/ledger.ts";

const GROUP = "/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/kc1`;
const GRANT = `${ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/a`;
const LOCK = `${ACCOUNT}/providers/Microsoft.Authorization/locks/l`;

describe("the contract's ledger", () => {
  /** A ledger before an Azure that answers 200 to all but what `refuse` names; gives the calls that reached it. */
  function setUp(refuse: (call: string) => number | undefined = () => undefined) {
    const calls: string[] = [];
    const send = async (method: string, path: string) => {
      const call = `${method} ${path}`;
      calls.push(call);
      return { status: refuse(call) ?? 200, message: "no" } as Answer;
    };
    return { calls, ...createLedger(send, (path) => path.includes("kc1")) };
  }

  it("lets nothing be written that is not of the run, and does not even ask", async () => {
    const { send, calls } = setUp();
    const foreign = ACCOUNT.replace("kc1", "production");
    for (const method of ["PUT", "PATCH", "POST", "DELETE"]) await rejects(send(method, foreign), /not of this run/);
    deepEqual(calls, []);
    equal((await send("GET", foreign)).status, 200);
  });

  it("removes locks first, then grants, then what they are on, the newest first", async () => {
    const { send, removeAll, calls } = setUp();
    for (const path of [ACCOUNT, `${ACCOUNT}2`, GRANT, LOCK]) await send("PUT", `${path}?api-version=1`);
    calls.length = 0;
    deepEqual(await removeAll(), []);
    deepEqual(calls, [`DELETE ${LOCK}`, `DELETE ${GRANT}`, `DELETE ${ACCOUNT}2`, `DELETE ${ACCOUNT}`]);
  });

  it("remembers what a failed PUT may have made, and forgets what was deleted", async () => {
    const { send, removeAll, calls } = setUp((call) => (call === `PUT ${ACCOUNT}2` ? 500 : undefined));
    for (const path of [ACCOUNT, `${ACCOUNT}2`]) await send("PUT", path);
    await send("DELETE", ACCOUNT);
    calls.length = 0;
    await removeAll();
    deepEqual(calls, [`DELETE ${ACCOUNT}2`]);
  });

  it("tells what would not go, and removes the rest all the same", async () => {
    const { send, removeAll, calls } = setUp((call) => (call === `DELETE ${GRANT}` ? 403 : undefined));
    for (const path of [ACCOUNT, GRANT]) await send("PUT", path);
    deepEqual(await removeAll(), [`${GRANT}: 403 no`]);
    equal(calls.at(-1), `DELETE ${ACCOUNT}`);
  });
});
