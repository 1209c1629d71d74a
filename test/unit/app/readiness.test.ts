// What /readyz reports of the sign-in and of the last request to Azure.
import assert from "node:assert/strict";
import { readyWhenAll, watchAnswers, watchSignIn } from "../../../src/app/readiness.ts";

const token = { token: "t", expiresOnTimestamp: 0 };

describe("readiness", () => {
  it("needs a successful sign-in, and ends with a failed one", async () => {
    let isRefused = false;
    const { credential, readiness } = watchSignIn({
      getToken: async () => {
        if (isRefused) throw new Error("refused");
        return token;
      },
    });
    assert.deepEqual(readiness(), { ready: false, reason: "not signed in to Azure yet" });
    await credential.getToken("scope");
    assert.deepEqual(readiness(), { ready: true });
    isRefused = true;
    await assert.rejects(credential.getToken("scope"), /refused/);
    assert.deepEqual(readiness(), { ready: false, reason: "the last sign-in to Azure failed; see the log" });
  });

  it("ends when ARM does not answer or refuses the token, and not with any other refusal", () => {
    const { note, readiness } = watchAnswers();
    const isReadyAfter = (status: number) => {
      note({ operation: "GET x", status, milliseconds: 1 });
      return readiness().ready;
    };
    const statuses = [200, 403, 404, 429, 503, 0, 200, 401];
    assert.deepEqual(statuses.map(isReadyAfter), [true, true, true, true, true, false, true, false]);
  });

  it("reports the first reason of several", () => {
    const ready = () => ({ ready: true }) as const;
    const not = (reason: string) => () => ({ ready: false, reason }) as const;
    assert.deepEqual(readyWhenAll(ready, ready)(), { ready: true });
    assert.deepEqual(readyWhenAll(ready, not("a"), not("b"))(), { ready: false, reason: "a" });
  });
});
