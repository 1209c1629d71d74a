import { deepEqual, equal, match } from "node:assert/strict";
import { ManagedIdentityCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { send } from "../support/emulator-client.ts";

describe("the emulator's instance metadata service", () => {
  let emulator: Emulator;
  before(async () => {
    emulator = await startEmulator({ imds: "127.0.0.1:0" });
  });
  after(() => emulator.close());

  const ask = (query: string, headers: Record<string, string> = { Metadata: "true" }, method = "GET") => {
    const path = `/metadata/identity/oauth2/token?${query}`;
    return send(emulator, path, { base: emulator.info.imdsEndpoint ?? "", headers, method });
  };
  const api = "api-version=2018-02-01";
  const storage = `${api}&resource=https://storage.azure.com`;

  it("gives the SDK's managed identity credential a token for the identity that it names", async () => {
    const key = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
    const before = process.env[key];
    process.env[key] = emulator.info.imdsEndpoint;
    try {
      const [first] = emulator.info.identities;
      const credential = new ManagedIdentityCredential({ clientId: first?.clientId ?? "" });
      const { token } = await credential.getToken("https://storage.azure.com/.default");
      equal(decodeJwt(token)["oid"], first?.principalId);
      equal(decodeJwt(token)["xms_mirid"], first?.resourceId);
    } finally {
      if (before === undefined) delete process.env[key];
      else process.env[key] = before;
    }
  });

  it("finds an identity by client id, object id or resource id, and answers with numbers as strings", async () => {
    for (const { clientId, principalId, resourceId } of emulator.info.identities) {
      for (const name of [`client_id=${clientId}`, `object_id=${principalId}`, `msi_res_id=${resourceId}`]) {
        const body = (await ask(`${storage}&${name}`)).json<Record<string, string>>();
        equal(body["client_id"], clientId);
        equal(body["expires_in"], "86399");
        equal(decodeJwt(body["access_token"] ?? "").aud, "https://storage.azure.com");
      }
    }
  });

  it("refuses what a tricked web page or proxy could send", async () => {
    equal((await ask(storage, {})).status, 400);
    match((await ask(storage, {})).text, /Required metadata header not specified/);
    equal((await ask(storage, { Metadata: "true", "X-Forwarded-For": "10.0.0.1" })).status, 400);
    equal((await ask(storage, { Metadata: "true" }, "POST")).status, 405);
  });

  it("refuses an ambiguous and an unknown identity", async () => {
    match((await ask(storage)).text, /Multiple user assigned identities exist/);
    const unknown = await ask(`${storage}&client_id=${crypto.randomUUID()}`);
    deepEqual([unknown.status, unknown.json()["error_description"]], [400, "Identity not found"]);
    match((await ask(api)).text, /Required audience parameter/);
    match((await ask("resource=https://storage.azure.com")).text, /api-version/);
  });

  it("serves nothing else on that address", async () => {
    const answer = await send(emulator, "/subscriptions", { base: emulator.info.imdsEndpoint ?? "" });
    equal(answer.status, 404);
  });
});
