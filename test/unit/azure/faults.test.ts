import assert from "node:assert/strict";
import { operationOf } from "../../../src/azure/arm.ts";
import { toDriverError } from "../../../src/azure/faults.ts";

const rest = (statusCode: number | undefined, code: string | undefined, extra: object = {}) =>
  Object.assign(new Error("Azure's words\nsecond line"), {
    name: "RestError",
    ...(statusCode !== undefined && { statusCode }),
    ...(code !== undefined && { details: { error: { code, message: "Azure's words" } } }),
    ...extra,
  });

describe("faults of Azure", () => {
  for (const [error, reason] of [
    [rest(403, "AuthorizationFailed"), "Forbidden"],
    [rest(403, "RequestDisallowedByPolicy"), "Misconfigured"],
    [rest(404, "ResourceGroupNotFound"), "Misconfigured"],
    [rest(404, "SubscriptionNotFound"), "Misconfigured"],
    [rest(409, "ScopeLocked"), "InUse"],
    [rest(409, "StorageAccountIsNotProvisioned"), "Busy"],
    [rest(409, "MaxStorageAccountsCountPerSubscriptionExceeded"), "QuotaExhausted"],
    [rest(400, "RoleAssignmentLimitExceeded"), "QuotaExhausted"],
    [rest(400, "PrincipalNotFound"), "Unavailable"],
    [rest(400, "SomethingNew"), "Misconfigured"],
    [rest(401, undefined), "Unauthenticated"],
    [rest(429, "TooManyRequests"), "Throttled"],
    [rest(500, undefined), "Unavailable"],
    [rest(503, "ServerBusy"), "Unavailable"],
    [rest(200, undefined, { code: "PARSE_ERROR" }), "Unavailable"],
    [rest(undefined, undefined, { code: "ECONNRESET" }), "Unavailable"],
    [Object.assign(new Error("too slow"), { name: "AbortError" }), "DeadlineExceeded"],
    [Object.assign(new Error("AADSTS700016"), { name: "AuthenticationError", statusCode: 400 }), "Unauthenticated"],
    [Object.assign(new Error("down"), { name: "AuthenticationError", statusCode: 503 }), "Unavailable"],
    [new TypeError("fetch failed"), "Unavailable"],
  ] as const) {
    it(`${error.name} ${"statusCode" in error ? error.statusCode : ""} ${JSON.stringify((error as { details?: unknown }).details ?? "")} is ${reason}`, () => {
      assert.equal(toDriverError(error, "doing x").reason, reason);
    });
  }

  it("the message says what failed, on which resource, why, and what to do, in one line", () => {
    const { message } = toDriverError(
      rest(403, "AuthorizationFailed"),
      "creating storage account kl1 in resource group g",
    );
    assert.match(
      message,
      /^creating storage account kl1 in resource group g failed \(AuthorizationFailed, HTTP 403\): Azure's words; give the controller/,
    );
    assert(!message.includes("\n"));
  });

  it("the message is the same whichever address of Azure could not be reached", () => {
    const messages = ["connect ETIMEDOUT 20.150.1.2:443", "connect ETIMEDOUT 2603:1030:a0b::10:443"].map(
      (text) => toDriverError(Object.assign(new Error(text), { code: "ETIMEDOUT" }), "reading x").message,
    );
    assert.equal(messages[0], messages[1]);
    assert.match(messages[0] ?? "", /: connect ETIMEDOUT; it is tried again$/);
  });

  it("an operation is named by method and resource type, without any name", () => {
    const url = (path: string) => ({
      method: "PUT" as const,
      url: `https://management.azure.com${path}?api-version=1`,
    });
    const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a";
    assert.equal(operationOf(url(account)), "PUT Microsoft.Storage/storageAccounts");
    const container = `${account}/blobServices/default/containers/c`;
    assert.equal(operationOf(url(container)), "PUT Microsoft.Storage/storageAccounts/blobServices/containers");
    const grant = `${container}/providers/Microsoft.Authorization/roleAssignments/n`;
    assert.equal(operationOf(url(grant)), "PUT Microsoft.Authorization/roleAssignments");
  });
});
