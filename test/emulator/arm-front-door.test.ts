import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

describe("the emulator's ARM front door", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const accounts = () => `${arm.group}/providers/Microsoft.Storage/storageAccounts`;
  const standard = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } };

  it("requires an api-version, and names the supported ones", async () => {
    const authorization = `Bearer ${await administratorToken(arm.emulator)}`;
    const bare = await send(arm.emulator, accounts(), { headers: { authorization } });
    refused(bare, 400, "MissingApiVersionParameter");
    const get = await arm.call("GET", `${accounts()}?api-version=1999-01-01`);
    match(refused(get, 400, "InvalidResourceType"), /The supported api-versions are '.*2025-06-01.*'/);
    const put = await arm.call("PUT", `${accounts()}/version1?api-version=2099-01-01`, { body: standard });
    match(refused(put, 400, "NoRegisteredProviderFound"), /API version '2099-01-01' for type 'storageAccounts'/);
    const group = await arm.call("GET", `${arm.group}?api-version=2099-01-01`);
    match(refused(group, 400, "InvalidApiVersionParameter"), /The supported versions are '/);
    equal((await arm.call("GET", `${accounts()}?Api-Version=2019-06-01`)).status, 200);
  });

  it("says in a 401 what is wrong with the token, and where to get one", async () => {
    const missing = await arm.call("GET", arm.group, { token: "" });
    refused(missing, 401, "AuthenticationFailed");
    match(
      String(missing.headers["www-authenticate"]),
      /^Bearer authorization_uri="https:\/\/login\.windows\.net\/[0-9a-f-]{36}"/,
    );
    refused(await arm.call("GET", arm.group, { token: "nonsense" }), 401, "InvalidAuthenticationToken");
    const forStorage = await administratorToken(arm.emulator, "https://storage.azure.com/.default");
    refused(await arm.call("GET", arm.group, { token: forStorage }), 401, "InvalidAuthenticationTokenAudience");
    const token = await administratorToken(arm.emulator);
    equal((await arm.call("GET", arm.group, { token })).status, 200);
    arm.emulator.clock.advance(2 * 3600 * 1000);
    refused(await arm.call("GET", arm.group, { token }), 401, "ExpiredAuthenticationToken");
    arm.emulator.clock.advance(-2 * 3600 * 1000);
  });

  it("refuses a token of another tenant than the subscription's", async () => {
    const { world } = arm.emulator;
    const id = "77777777-0000-4000-8000-000000000001";
    world.subscriptions.set(id, { id, tenantId: "77777777-0000-4000-8000-000000000002", displayName: "foreign" });
    refused(await arm.call("GET", `/subscriptions/${id}/resourceGroups`), 401, "InvalidAuthenticationTokenTenant");
    world.subscriptions.delete(id);
  });

  it("says in a 403 who lacks which action where", async () => {
    const { identity, token } = await arm.makeCaller("powerless");
    const message = refused(await arm.call("GET", `${accounts()}/some1`, { token }), 403, "AuthorizationFailed");
    equal(
      message,
      `The client '${identity.clientId}' with object id '${identity.principalId}' does not have authorization to perform ` +
        `action 'Microsoft.Storage/storageAccounts/read' over scope '${accounts()}/some1' or the scope is invalid. If ` +
        "access was recently granted, please refresh your credentials.",
    );
    await arm.grant(arm.group, READER, identity.principalId);
    refused(await arm.call("GET", `${accounts()}/some1`, { token }), 404, "ResourceNotFound");
    refused(await arm.call("PUT", `${accounts()}/some1`, { token, body: standard }), 403, "AuthorizationFailed");
  });

  it("answers what it does not know with an error, never with 200", async () => {
    const { subscription, group } = arm;
    refused(
      await arm.call("GET", `${group}/providers/Microsoft.Nothing/things/x?api-version=2020-01-01`),
      404,
      "InvalidResourceNamespace",
    );
    refused(await arm.call("GET", `${group}/providers/Microsoft.Storage/boxes/x`), 404, "InvalidResourceType");
    refused(await arm.call("GET", `${subscription}/nothing`), 404, "InvalidRequestUri");
    refused(await arm.call("POST", `${accounts()}/some1`, { body: {} }), 405, "MethodNotAllowed");
    refused(await arm.call("GET", "/subscriptions/12345678-0000-4000-8000-000000000000"), 404, "SubscriptionNotFound");
    refused(await arm.call("GET", "/subscriptions/none/resourceGroups"), 400, "InvalidSubscriptionId");
    const nowhere = `${subscription}/resourceGroups/nowhere/providers/Microsoft.Storage/storageAccounts/x`;
    equal(
      refused(await arm.call("GET", nowhere), 404, "ResourceGroupNotFound"),
      "Resource group 'nowhere' could not be found.",
    );
    refused(
      await arm.call("GET", `${group}%2Fproviders/Microsoft.Storage/storageAccounts/x`),
      400,
      "InvalidRequestUri",
    );
  });

  it("refuses bodies that are not JSON objects", async () => {
    const put = (body: string, headers = {}) => arm.call("PUT", `${accounts()}/body1`, { body, headers });
    refused(await put("{"), 400, "InvalidRequestContent");
    refused(await put("[]"), 400, "InvalidRequestContent");
    refused(await put("<a/>", { "content-type": "application/xml" }), 415, "UnsupportedMediaType");
    const untyped = await put("{}", { "content-type": "" });
    refused(untyped, 415, "UnsupportedMediaType");
    match(untyped.text, /'<null>' is not supported/);
    refused(await put(JSON.stringify({ a: "x".repeat(4 * 1024 * 1024) })), 413, "RequestContentTooLarge");
  });

  it("has resource groups: created, checked, tagged, listed to those who may read them, deleted with what is in them", async () => {
    const group = `${arm.subscription}/resourceGroups/heap`;
    const body = { location: "West Europe", tags: { a: "b" } };
    equal((await arm.call("HEAD", group)).status, 404);
    equal((await arm.call("PUT", group, { body })).status, 201);
    equal((await arm.call("PUT", group, { body })).status, 200);
    equal((await arm.call("HEAD", group)).status, 204);
    refused(await arm.call("PUT", group, { body: { location: "eastus" } }), 409, "InvalidResourceGroupLocation");
    const { identity, token } = await arm.makeCaller("neighbour");
    await arm.grant(group, READER, identity.principalId);
    const seen = await arm.call("GET", `${arm.subscription}/resourceGroups`, { token });
    deepEqual(
      seen.json<Listed>().value.map((each) => each.name),
      ["heap"],
    );
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/heap1`;
    equal((await arm.call("PUT", account, { body: standard })).status, 202);
    const resources = await arm.call("GET", `${group}/resources`);
    deepEqual(
      resources.json<Listed>().value.map((each) => each.name),
      ["heap1"],
    );
    equal((await arm.call("DELETE", group)).status, 200);
    equal(arm.emulator.world.accounts.has("heap1"), false);
    refused(await arm.call("GET", group), 404, "ResourceGroupNotFound");
  });

  it("finds resources by type, name, location, group and tags", async () => {
    const account = `${arm.group}/providers/Microsoft.Storage/storageAccounts/klsought`;
    const body = { ...standard, tags: { team: "blue" } };
    equal((await arm.call("PUT", account, { body })).status, 202);
    const find = async (filter: string) => {
      const query = `$filter=${encodeURIComponent(filter)}`;
      const found = await arm.call("GET", `${arm.subscription}/resources?${query}`);
      return found.json<Listed>().value.map((each) => each.name);
    };
    deepEqual(await find("tagName eq 'team' and tagValue eq 'blue'"), ["klsought"]);
    deepEqual(await find("resourceType eq 'Microsoft.Storage/storageAccounts' and name eq 'klsought'"), ["klsought"]);
    ok((await find(`resourceGroup eq '${arm.emulator.info.resourceGroup}'`)).includes("klsought"));
    deepEqual(await find("location ne 'westeurope'"), []);
    const odd = `${arm.subscription}/resources?$filter=${encodeURIComponent("colour eq 'x'")}`;
    refused(await arm.call("GET", odd), 400, "InvalidFilterInQueryString");
    equal((await arm.call("DELETE", account)).status, 200);
  });

  it("knows the previews that the Azure CLI sends", async () => {
    const types = `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-05-01-preview`;
    equal((await arm.call("GET", types)).status, 200);
    const identities = `${arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=`;
    equal((await arm.call("GET", `${identities}2025-05-31-preview`)).status, 200);
    refused(await arm.call("GET", `${identities}2025-05-30-preview`), 400, "InvalidResourceType");
  });

  it("lists a caller's tenant, its subscriptions, their locations and providers", async () => {
    const { info } = arm.emulator;
    const list = async (path: string) =>
      (await arm.call("GET", path)).json<{ value: Record<string, string>[] }>().value;
    deepEqual(
      (await list("/tenants")).map((each) => each["tenantId"]),
      [info.tenantId],
    );
    deepEqual(
      (await list("/subscriptions")).map((each) => each["subscriptionId"]),
      [info.subscriptionId],
    );
    ok((await list(`${arm.subscription}/locations`)).some((each) => each["name"] === "westeurope"));
    const provider = await arm.call("GET", `${arm.subscription}/providers/Microsoft.Storage?api-version=2021-04-01`);
    equal(provider.json<{ registrationState: string }>().registrationState, "Registered");
    const { token } = await arm.makeCaller("nobody");
    deepEqual((await arm.call("GET", "/subscriptions", { token })).json<Listed>().value, []);
  });

  it("describes its cloud without authentication", async () => {
    const first = await send(arm.emulator, "/metadata/endpoints?api-version=2015-01-01");
    const { authentication } = first.json<{ authentication: { audiences: string[]; loginEndpoint: string } }>();
    ok(authentication.audiences.includes("https://management.azure.com/"));
    equal(authentication.loginEndpoint, `${arm.emulator.info.armEndpoint}/`);
    const byName = { host: "management.azure.com" };
    const later = await send(arm.emulator, "/metadata/endpoints?api-version=2022-09-01", byName);
    const cloud = later.json<{ name: string; resourceManager: string; authentication: { loginEndpoint: string } }>();
    deepEqual(
      [cloud.name, cloud.resourceManager, cloud.authentication.loginEndpoint],
      ["AzureCloud", "https://management.azure.com", "https://login.microsoftonline.com"],
    );
  });

  it("names every operation in the call log", async () => {
    arm.emulator.calls.clear();
    await arm.call("GET", `${accounts()}/logged1`);
    await arm.call("GET", `${arm.group}/providers/Microsoft.Authorization/roleAssignments`);
    const operations = arm.emulator.calls.report().calls.map((each) => each.operation);
    deepEqual(operations, ["storageAccounts/get", "roleAssignments/list"]);
  });

  describe("with locks", () => {
    const lock = (scope: string, level: string) =>
      arm.call("PUT", `${scope}/providers/Microsoft.Authorization/locks/l1`, {
        body: { properties: { level, notes: "n" } },
      });
    const unlock = (scope: string) => arm.call("DELETE", `${scope}/providers/Microsoft.Authorization/locks/l1`);

    it("refuses to delete a locked account, what is in it, and its group", async () => {
      const account = await arm.makeAccount("locked1");
      const container = await arm.makeContainer(account, "one");
      equal((await lock(account, "CanNotDelete")).status, 201);
      const message = refused(await arm.call("DELETE", container), 409, "ScopeLocked");
      match(
        message,
        /cannot perform delete operation because following scope\(s\) are locked: '.*\/locked1'\. Please remove the lock/,
      );
      refused(await arm.call("DELETE", account), 409, "ScopeLocked");
      refused(await arm.call("DELETE", arm.group), 409, "ScopeLocked");
      equal((await arm.call("PATCH", account, { body: { tags: {} } })).status, 200);
      equal((await unlock(account)).status, 200);
      equal((await arm.call("DELETE", container)).status, 200);
    });

    it("refuses every write under a read-only lock, listKeys too", async () => {
      const account = await arm.makeAccount("readonly1");
      await lock(account, "ReadOnly");
      refused(await arm.call("PATCH", account, { body: { tags: {} } }), 409, "ScopeLocked");
      refused(await arm.call("POST", `${account}/listKeys`), 409, "ScopeLocked");
      equal((await arm.call("GET", account)).status, 200);
      const listed = await arm.call("GET", `${account}/providers/Microsoft.Authorization/locks`);
      deepEqual(
        listed.json<Listed>().value.map((each) => each.name),
        ["l1"],
      );
      await unlock(account);
      refused(await lock(account, "Loose"), 400, "InvalidLockLevel");
    });
  });

  describe("with deny policies", () => {
    const id = "/providers/Microsoft.Authorization/policyAssignments/no-keys";
    before(() => {
      arm.emulator.world.policies.set(id.toLowerCase(), {
        id: `${arm.subscription}${id}`,
        displayName: "Storage accounts should prevent shared key access",
        definitionId: "/providers/Microsoft.Authorization/policyDefinitions/8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54",
        definitionName: "Storage accounts should prevent shared key access",
        scope: arm.subscription,
        resourceType: "Microsoft.Storage/storageAccounts",
        requires: { "properties.allowSharedKeyAccess": false },
      });
    });
    after(() => arm.emulator.world.policies.clear());

    it("refuses an account that allows keys, explicitly or by default, and names the policy", async () => {
      const answer = await arm.call("PUT", `${accounts()}/policy1`, { body: standard });
      const message = refused(answer, 403, "RequestDisallowedByPolicy");
      match(message, /^Resource 'policy1' was disallowed by policy\. Policy identifiers: '\[\{"policyAssignment":/);
      const [info] = answer.json<PolicyAnswer>().error.additionalInfo;
      equal(info?.type, "PolicyViolation");
      match(String(info?.info["policyDefinitionId"]), /8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54$/);
      equal(arm.emulator.world.accounts.has("policy1"), false);
    });

    it("accepts a keyless account, and keeps it keyless", async () => {
      const account = await arm.makeAccount("policy2", { allowSharedKeyAccess: false });
      equal((await arm.call("PATCH", account, { body: { tags: { a: "b" } } })).status, 200);
      const loosen = { body: { properties: { allowSharedKeyAccess: true } } };
      refused(await arm.call("PATCH", account, loosen), 403, "RequestDisallowedByPolicy");
    });
  });
});

interface Listed {
  readonly value: { readonly name: string }[];
}

interface PolicyAnswer {
  readonly error: { readonly additionalInfo: { readonly type: string; readonly info: Record<string, unknown> }[] };
}
