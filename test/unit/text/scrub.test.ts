// What credentials look like after scrubbing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { scrub } from "../../../src/text/scrub.ts";

const JWT = `eyJ${"a".repeat(30)}.eyJ${"b".repeat(40)}.${"c".repeat(60)}`;
const KEY = randomBytes(64).toString("base64");

describe("scrubbing", () => {
  const secrets: readonly (readonly [string, string, string])[] = [
    ["a JWT", `token ${JWT} was refused`, JWT],
    ["the head of a JWT that was cut", `got ${JWT.slice(0, 24)}`, JWT.slice(0, 24)],
    ["a bearer header", "authorization: Bearer abc.def-123", "abc.def-123"],
    ["a shared key header", "SharedKey acct:Zm9vYmFy", "acct:Zm9vYmFy"],
    ["a SAS signature", "https://a.blob.core.windows.net/c?sv=2024&sig=Zm9v%2Bbar%3D&se=x", "Zm9v%2Bbar%3D"],
    ["an encoded SAS signature", "u=https%3A%2F%2Fa%3Fsig%3DZm9v", "Zm9v"],
    ["a connection string", `DefaultEndpointsProtocol=https;AccountKey=${KEY};EndpointSuffix=x`, KEY],
    ["a bare account key", `key is ${KEY}`, KEY],
    ["a form's secret", "grant_type=client_credentials&client_secret=hunter2&scope=x", "hunter2"],
    ["a form's assertion", `client_assertion=${JWT}&x=1`, JWT],
    ["a JSON token answer", `{"token_type":"Bearer","access_token":"opaque-value"}`, "opaque-value"],
    ["a password", "password=hunter2;", "hunter2"],
  ];
  for (const [what, text, secret] of secrets) {
    it(`removes ${what} from a text`, () => {
      const clean = scrub(text);
      assert.ok(!clean.includes(secret), clean);
      assert.match(clean, /\[(token|key|redacted)\]/);
    });
  }

  it("keeps what operators need: ids, names, Azure's codes, paths", () => {
    const text =
      "storage account kl7fabcdefghijklmnopqrst in rg-data: AuthorizationFailed, code=403 status=403 " +
      "/subscriptions/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/resourceGroups/rg-data/providers/Microsoft.Storage/x " +
      "pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 key access is disabled; token expired";
    assert.equal(scrub(text), text);
  });
});
