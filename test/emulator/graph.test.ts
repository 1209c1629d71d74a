// Microsoft Graph as a principal without Graph permissions sees it: every call is refused in Graph's own words.
import { deepEqual, equal, match } from "node:assert/strict";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

describe("the emulator's Microsoft Graph", () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await startEmulator();
  });
  after(() => emulator.close());

  const ask = async (path: string, token?: string, method = "GET") => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await send(emulator, path, { method, host: "graph.microsoft.com", headers });
    const { error } = answer.json<{ error: { code: string; message: string; innerError: Record<string, string> } }>();
    return { status: answer.status, ...error };
  };

  it("refuses every call of a signed-in principal with 403 Authorization_RequestDenied", async () => {
    const token = await administratorToken(emulator, "https://graph.microsoft.com/.default");
    const calls = [
      ["GET", "/v1.0/servicePrincipals?$filter=appId%20eq%20'x'"],
      ["GET", "/v1.0/me"],
      ["POST", "/v1.0/directoryObjects/getByIds"],
      ["DELETE", "/beta/applications/x"],
    ] as const;
    for (const [method, path] of calls) {
      const { status, code, message, innerError } = await ask(path, token, method);
      deepEqual([status, code], [403, "Authorization_RequestDenied"], path);
      equal(message, "Insufficient privileges to complete the operation.");
      match(innerError["request-id"] ?? "", /^[0-9a-f-]{36}$/);
    }
    equal(emulator.calls.report().calls.at(-1)?.service, "graph");
  });

  it("answers 401 without a token, and to one for another service", async () => {
    const bare = await ask("/v1.0/me");
    deepEqual([bare.status, bare.code, bare.message], [401, "InvalidAuthenticationToken", "Access token is empty."]);
    const other = await ask("/v1.0/me", await administratorToken(emulator));
    deepEqual([other.status, other.code], [401, "InvalidAuthenticationToken"]);
    const forged = await ask("/v1.0/me", "a.b.c");
    deepEqual([forged.status, forged.code], [401, "InvalidAuthenticationToken"]);
  });
});
