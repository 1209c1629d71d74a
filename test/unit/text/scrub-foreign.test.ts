// What is left of a text by others, whose secrets stand in any spelling.
import assert from "node:assert/strict";
import { isSecretName, scrubForeign } from "../../../src/text/scrub-foreign.ts";

const KEY = `${"Ab3/".repeat(10)}Ab3=`;

describe("scrubbing of texts by others", () => {
  const secrets: readonly (readonly [string, string])[] = [
    ["password: hunter2!", "password: [redacted]"],
    ["PASSWORD=hunter2! next", "PASSWORD=[redacted] next"],
    ['"db_password": "hun\\"ter2", "x": 1', '"db_password": "[redacted]", "x": 1'],
    ['{\\"clientSecret\\":\\"hunter2\\"}', '{\\"clientSecret\\":\\"[redacted]\\"}'],
    ["apiKey='hunter two'", "apiKey='[redacted]'"],
    ["x-auth-token = hunter2; y", "x-auth-token = [redacted]; y"],
    ["--client-secret hunter2 --verbose", "--client-secret [redacted] --verbose"],
    ["map[password:hunter2 user:x]", "map[password:[redacted] user:x]"],
    ["password: |-\n  hunter two\nnext: 1", "password: [redacted]\nnext: 1"],
    ["password:\n  hunter2\nnext", "password:\n  [redacted]\nnext"],
    ["<q:AccountKey>hunter two</q:AccountKey>", "<q:AccountKey>[redacted]</q:AccountKey>"],
    ["curl -u ada:hunter2 https://x", "curl -u [redacted] https://x"],
    ["curl --user='ada:hunter2' https://x", "curl --user='[redacted]' https://x"],
    ['{"auths":{"r.io":{"auth":"YWRhOmh1bnRlcjI="}}}', '{"auths":{"r.io":{"auth":"[redacted]"}}}'],
    [
      `client-key-data: ${Buffer.from("-----BEGIN EC PRIVATE KEY-----\nMII").toString("base64")}`,
      "client-key-data: [key]",
    ],
    ["Authorization: Custom a=b, c=d\nnext", "Authorization: [redacted]\nnext"],
    ["Cookie: a=b; c=d", "Cookie: [redacted]"],
    ["X-Functions-Key: hunter2", "X-Functions-Key: [redacted]"],
    ["https://user:hunter2@host/path", "https://[redacted]@host/path"],
    ["-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nnext", "[key]\nnext"],
    ["-----BEGIN EC PRIVATE KEY-----\nMII", "[key]"],
    [`key ${KEY}.`, "key [key]."],
    ["ZXlKaGJHY2lPaUpTVXpJMU5pSjk=", "[token]"],
    [`abc8Q~${"a".repeat(34)}`, "[key]"],
    ["password=a\npassword=b", "password=[redacted]\npassword=[redacted]"],
  ];
  for (const [text, clean] of secrets) {
    it(`leaves ${JSON.stringify(clean)} of ${JSON.stringify(text)}`, () => assert.equal(scrubForeign(text), clean));
  }

  const harmless = [
    "mountWithWorkloadIdentityToken: true",
    '"tokenRequests":[{"audience":"api://AzureADTokenExchange"}]',
    "--token-file=/var/run/secrets/keyless-csi/azure/token",
    "csi.storage.k8s.io/provisioner-secret-name: none",
    "see https://learn.microsoft.com/azure?view=a@b",
    "klv5evabcdefghijklmnopq rg/providers/Microsoft.Storage/storageAccounts/x",
    '{"message":"serving","credential":"workload-identity"}',
    "W1127 10:00:00.000000 1 reflector.go:561] failed to list *v1.Secret: secrets is forbidden",
    "sha256:9f8a698c9f8a698c9f8a698c9f8a698c9f8a698c9f8a698c9f8a698c9f8a698c",
  ];
  for (const text of harmless) it(`keeps ${text}`, () => assert.equal(scrubForeign(text), text));

  it("knows a secret by its name, and a file or a setting that only speaks of one", () => {
    const names = [
      "AZURE_CLIENT_SECRET",
      "db_password",
      "accountKey",
      "x-api-key",
      "AZURE_STORAGE_CONNECTION_STRING",
      "TOKEN",
    ];
    assert.deepEqual(
      names.filter((name) => !isSecretName(name)),
      [],
    );
    const others = [
      "AZURE_FEDERATED_TOKEN_FILE",
      "secretName",
      "token-audience",
      "key",
      "tokenRequests",
      "KEYLESS_CSI_ROLE",
    ];
    assert.deepEqual(others.filter(isSecretName), []);
  });
});
