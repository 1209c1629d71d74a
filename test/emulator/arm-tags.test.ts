// Tags as a resource of their own, as `az tag update` writes them: merged, replaced and deleted at a resource or its group.
import { deepEqual, equal } from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c";

describe("the emulator's tags at a scope", () => {
  let arm: Arm;
  let account: string;
  before(async () => {
    arm = await startArm();
    account = await arm.makeAccount("tagged1");
  });
  after(() => arm.close());

  const at = (scope: string) => `${scope}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01`;
  const patch = (operation: string, tags: object, scope = account) =>
    arm.call("PATCH", at(scope), { body: { operation, properties: { tags } } });
  const held = () => arm.emulator.world.accounts.get("tagged1")?.tags;

  it("are merged without case, replaced, and deleted by name or by value", async () => {
    equal((await arm.call("PUT", at(account), { body: { properties: { tags: { a: "1", b: "2" } } } })).status, 200);
    const merged = await patch("Merge", { A: "3", c: "4" });
    deepEqual(merged.json<{ properties: object }>().properties, { tags: { b: "2", A: "3", c: "4" } });
    deepEqual(held(), { b: "2", A: "3", c: "4" });
    await patch("Delete", { b: "other", C: "", a: "3" });
    deepEqual(held(), { b: "2" });
    await patch("Replace", { only: "this" });
    deepEqual((await arm.call("GET", at(account))).json<{ properties: object }>().properties, {
      tags: { only: "this" },
    });
    deepEqual((await arm.storage.storageAccounts.getProperties("keyless", "tagged1")).tags, { only: "this" });
    equal((await arm.call("DELETE", at(account))).status, 200);
    deepEqual(held(), {});
  });

  it("are those of a resource group too", async () => {
    await patch("Merge", { team: "a" }, arm.group);
    equal(arm.emulator.world.resourceGroups.get(arm.group.toLowerCase())?.tags["team"], "a");
  });

  it("keep the limits of the resource's provider, and change nothing beyond them", async () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, ""]));
    equal((await patch("Replace", many(15))).status, 200);
    refused(await patch("Merge", { more: "1" }), 400, "TooManyTags");
    equal(Object.keys(held() ?? {}).length, 15);
    refused(await patch("Append", {}), 400, "InvalidTagsPatchOperation");
    refused(await arm.call("PATCH", at(account), { body: { operation: "Merge" } }), 400, "InvalidTagsRequest");
    refused(await patch("Merge", {}, account.replace("tagged1", "absent1")), 404, "ResourceNotFound");
    refused(await patch("Merge", {}, arm.group.replace(/[^/]+$/, "absent")), 404, "ResourceGroupNotFound");
  });

  it("are read as strictly as a resource's own", async () => {
    const before = held();
    const put = (tags: object) => arm.call("PUT", at(account), { body: { properties: { tags } } });
    for (const value of [1, true, {}, []]) refused(await put({ a: value }), 400, "InvalidRequestContent");
    refused(await put({ "a<b": "x" }), 400, "InvalidTagNameCharacters");
    refused(await patch("Merge", { "a/b": "x" }), 400, "InvalidTagNameCharacters");
    deepEqual(held(), before);
  });

  it("need a right on tags, which a right to read the account is not, and are closed by a read-only lock", async () => {
    const { identity, token } = await arm.makeCaller("tagger");
    const body = { operation: "Merge", properties: { tags: {} } };
    refused(await arm.call("PATCH", at(account), { token, body }), 403, "AuthorizationFailed");
    await arm.grant(account, CONTRIBUTOR, identity.principalId);
    equal((await arm.call("PATCH", at(account), { token, body })).status, 200);
    const lock = `${account}/providers/Microsoft.Authorization/locks/ro`;
    await arm.call("PUT", lock, { body: { properties: { level: "ReadOnly" } } });
    refused(await arm.call("PATCH", at(account), { token, body }), 409, "ScopeLocked");
    await arm.call("DELETE", lock);
  });
});
