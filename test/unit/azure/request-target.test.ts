// What a request is about, from its method and address alone.
import assert from "node:assert/strict";
import { targetOf } from "../../../src/azure/request-target.ts";

const GROUP = "https://management.azure.com/subscriptions/S/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/kl1`;
const CONTAINER = `${ACCOUNT}/blobServices/default/containers/c`;
const ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments";

describe("the target of a request", () => {
  for (const [method, url, ...expected] of [
    ["GET", `${ACCOUNT}?api-version=1`, "s", "microsoft.storage", "read", "kl1", true],
    ["HEAD", ACCOUNT, "s", "microsoft.storage", "read", "kl1", true],
    [
      "PUT",
      ACCOUNT.replace("storageAccounts/kl1", "STORAGEACCOUNTS/KL1"),
      "s",
      "microsoft.storage",
      "write",
      "kl1",
      true,
    ],
    ["DELETE", CONTAINER, "s", "microsoft.storage", "delete", "kl1", false],
    ["POST", `${CONTAINER}/lease?a=/providers/x`, "s", "microsoft.storage", "write", "kl1", false],
    ["GET", `${ACCOUNT}/blobServices/default/containers?$filter=a/b`, "s", "microsoft.storage", "list", "kl1", false],
    ["GET", `${GROUP}/providers/Microsoft.Storage/storageAccounts/`, "s", "microsoft.storage", "list", "", false],
    ["GET", `${CONTAINER}/${ASSIGNMENTS}/r`, "s", "microsoft.authorization", "read", "", false],
    ["GET", `${CONTAINER}/${ASSIGNMENTS}?$filter=atScope()`, "s", "microsoft.authorization", "list", "", false],
    ["GET", `https://m/${ASSIGNMENTS}`, "", "microsoft.authorization", "list", "", false],
    ["GET", GROUP, "s", "", "read", "", false],
    ["GET", "https://m/subscriptions/s", "s", "", "read", "", false],
  ] as const) {
    it(`of ${method} ${url.slice(url.indexOf("/", 8))}`, () => {
      const { subscriptionId, provider, operation, account, isAccount } = targetOf(method, url);
      assert.deepEqual([subscriptionId, provider, operation, account, isAccount], expected);
    });
  }

  it("has the region of what is asked by region", () => {
    const url = "https://m/subscriptions/s/providers/Microsoft.Storage/locations/westeurope/usages?a=b";
    assert.equal(targetOf("GET", url).location, "westeurope");
  });
});
