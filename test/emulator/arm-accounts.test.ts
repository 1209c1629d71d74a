import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Arm, collect, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

const PROVIDER = "/providers/Microsoft.Storage";

/** What a keyless account is created with. */
const KEYLESS = {
  location: "westeurope",
  kind: "StorageV2",
  sku: { name: "Standard_LRS" },
  allowSharedKeyAccess: false,
  allowCrossTenantReplication: false,
  minimumTlsVersion: "TLS1_2",
};

describe("the emulator's storage accounts", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const account = (name: string) => `${arm.group}${PROVIDER}/storageAccounts/${name}`;
  const put = (name: string, body: object) => arm.call("PUT", account(name), { body });
  const standard = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } };

  it("are created, read, updated, listed and deleted by the SDK unchanged", async () => {
    const { storageAccounts } = arm.storage;
    const created = await storageAccounts.create("keyless", "sdkaccount", { ...KEYLESS, tags: { team: "a" } });
    equal(created.provisioningState, "Succeeded");
    equal(created.allowSharedKeyAccess, false);
    deepEqual(created.tags, { team: "a" });
    equal(created.primaryEndpoints?.blob, `${arm.emulator.info.armEndpoint}/sdkaccount/`);
    const updated = await storageAccounts.update("keyless", "sdkaccount", { tags: { team: "b" }, accessTier: "Cool" });
    deepEqual([updated.tags, updated.accessTier, updated.allowSharedKeyAccess], [{ team: "b" }, "Cool", false]);
    const inGroup = (await collect(storageAccounts.listByResourceGroup("keyless"))).map((each) => each.name);
    ok(inGroup.includes("sdkaccount"));
    const inSubscription = (await collect(storageAccounts.list())).map((each) => each.name);
    ok(inSubscription.includes("sdkaccount"));
    equal(
      (await storageAccounts.checkNameAvailability({ name: "sdkaccount", type: "Microsoft.Storage/storageAccounts" }))
        .reason,
      "AlreadyExists",
    );
    await storageAccounts.delete("keyless", "sdkaccount");
    equal(arm.emulator.world.accounts.has("sdkaccount"), false);
  });

  it("are created asynchronously: 202 without a body, polls of 202, then the account", async () => {
    const slow = await startArm({ settings: { accountCreationMs: 25_000, operationRetryAfterSeconds: 17 } });
    try {
      const id = `${slow.group}${PROVIDER}/storageAccounts/slowaccount`;
      const accepted = await slow.call("PUT", id, { body: standard });
      deepEqual([accepted.status, accepted.text, accepted.headers["retry-after"]], [202, "", "17"]);
      const location = new URL(String(accepted.headers.location));
      match(
        location.pathname,
        /\/providers\/Microsoft\.Storage\/locations\/westeurope\/asyncoperations\/[0-9a-f-]{36}$/,
      );
      equal(location.searchParams.get("monitor"), "true");
      const poll = () => slow.call("GET", `${location.pathname}${location.search}`);
      equal((await poll()).status, 202);
      equal((await slow.call("GET", id)).json<Account>().properties["provisioningState"], "Creating");
      refused(await slow.call("PUT", id, { body: standard }), 409, "StorageAccountOperationInProgress");
      refused(await slow.call("POST", `${id}/listKeys`), 409, "StorageAccountIsNotProvisioned");
      const container = `${id}/blobServices/default/containers/abc`;
      refused(await slow.call("PUT", container, { body: {} }), 409, "StorageAccountIsNotProvisioned");
      slow.emulator.clock.advance(20_000);
      const almost = await poll();
      deepEqual([almost.status, almost.headers["retry-after"]], [202, "5"]);
      slow.emulator.clock.advance(5_000);
      const done = await poll();
      deepEqual([done.status, done.json<Account>().name], [200, "slowaccount"]);
      equal((await slow.call("PUT", id, { body: standard })).status, 200);
    } finally {
      await slow.close();
    }
  });

  it("treat a second PUT as an update with what was sent", async () => {
    const id = await arm.makeAccount("updated1", { allowSharedKeyAccess: false });
    const again = await arm.call("PUT", id, { body: { ...standard, properties: { minimumTlsVersion: "TLS1_2" } } });
    equal(again.status, 200);
    const { properties } = again.json<Account>();
    deepEqual([properties["allowSharedKeyAccess"], properties["minimumTlsVersion"]], [false, "TLS1_2"]);
  });

  it("keep properties that are known and not interpreted, leave out unknown ones, and leave allowSharedKeyAccess absent when it was not sent", async () => {
    const id = await arm.makeAccount("kept1", { routingPreference: { routingChoice: "InternetRouting" }, novelty: 7 });
    const { properties } = (await arm.call("GET", id)).json<Account>();
    deepEqual(
      [properties["routingPreference"], properties["novelty"]],
      [{ routingChoice: "InternetRouting" }, undefined],
    );
    equal("allowSharedKeyAccess" in properties, false);
    equal(arm.emulator.world.accounts.get("kept1")?.properties["allowSharedKeyAccess"], undefined);
  });

  it("show local users, SFTP and keys of single services only when they were set, and SFTP needs a hierarchical namespace", async () => {
    const [flat, tree] = [await arm.makeAccount("ways1"), await arm.makeAccount("ways2", { isHnsEnabled: true })];
    const newest = "?api-version=2026-09-01";
    const shown = async (id: string, version = "2026-09-01") =>
      (await arm.call("GET", `${id}?api-version=${version}`)).json<Account>().properties;
    const ways = ["isLocalUserEnabled", "isSftpEnabled", "isNfsV3Enabled", "allowSharedKeyAccessForServices"];
    const before = await shown(tree);
    deepEqual(
      ways.filter((name) => name in before),
      [],
    );
    const properties = { isSftpEnabled: true, isLocalUserEnabled: true };
    const set = { ...properties, allowSharedKeyAccessForServices: { blob: { enabled: true } } };
    equal((await arm.call("PATCH", `${tree}${newest}`, { body: { properties: set } })).status, 200);
    const after = await shown(tree);
    deepEqual(Object.fromEntries(Object.keys(set).map((name) => [name, after[name]])), set);
    equal(
      "allowSharedKeyAccessForServices" in (await shown(tree, "2025-06-01")),
      false,
      "an older version cannot see it",
    );
    equal("isLocalUserEnabled" in (await shown(tree, "2021-06-01")), false);
    refused(await arm.call("PATCH", flat, { body: { properties } }), 400, "InvalidRequestPropertyValue");
    const nfs = { ...standard, properties: { isNfsV3Enabled: true } };
    refused(await put("ways3", nfs), 400, "InvalidRequestPropertyValue");
  });

  it("have Azure's defaults", async () => {
    const id = await arm.makeAccount("defaults1");
    const shown = (await arm.call("GET", id)).json<Account>();
    const { accessTier, supportsHttpsTrafficOnly, allowBlobPublicAccess, networkAcls, encryption } = shown.properties;
    deepEqual([accessTier, supportsHttpsTrafficOnly, allowBlobPublicAccess], ["Hot", true, false]);
    deepEqual(networkAcls, {
      bypass: "AzureServices",
      virtualNetworkRules: [],
      ipRules: [],
      ipv6Rules: [],
      defaultAction: "Allow",
    });
    equal((encryption as { keySource: string }).keySource, "Microsoft.Storage");
    deepEqual(shown.sku, { name: "Standard_LRS", tier: "Standard" });
    equal(shown.properties["primaryLocation"], "westeurope");
  });

  it("have endpoints of the cloud when called by the cloud's name", async () => {
    const id = await arm.makeAccount("byname1");
    const authorization = `Bearer ${await administratorToken(arm.emulator)}`;
    const path = `${id}?api-version=2025-06-01`;
    const shown = await send(arm.emulator, path, { host: "management.azure.com", headers: { authorization } });
    const { blob, dfs } = shown.json<Account>().properties["primaryEndpoints"] as Record<string, string>;
    deepEqual([blob, dfs], ["https://byname1.blob.core.windows.net/", "https://byname1.dfs.core.windows.net/"]);
  });

  it("refuse names that are not 3 to 24 lower-case letters and digits", async () => {
    for (const name of ["ab", "a".repeat(25), "Upper123", "with-dash", "under_score"]) {
      const message = refused(await put(name, standard), 400, "AccountNameInvalid");
      match(
        message,
        new RegExp(`^${name} is not a valid storage account name\\. Storage account name must be between 3 and 24`),
      );
    }
  });

  it("have globally unique names, and a message for each kind of conflict", async () => {
    const { world, info } = arm.emulator;
    await arm.makeAccount("taken1");
    await arm.call("PUT", `${arm.subscription}/resourceGroups/other`, { body: { location: "westeurope" } });
    const elsewhere = `${arm.subscription}/resourceGroups/other${PROVIDER}/storageAccounts/taken1`;
    refused(await arm.call("PUT", elsewhere, { body: standard }), 409, "StorageAccountInAnotherResourceGroup");
    const message = refused(
      await put("taken1", { ...standard, location: "northeurope" }),
      409,
      "InvalidResourceLocation",
    );
    match(message, /already exists in location 'westeurope' in resource group 'keyless'/);
    const strange = "99999999-0000-4000-8000-000000000000";
    world.subscriptions.set(strange, { id: strange, tenantId: info.tenantId, displayName: "other" });
    const foreign = { ...structuredClone(world.accounts.get("taken1")), name: "foreign1", subscriptionId: strange };
    world.accounts.set("foreign1", foreign as never);
    const found = world.accounts.get("foreign1");
    if (found === undefined) throw new Error("not there");
    world.accounts.set("foreign1", { ...found, id: found.id.replace(info.subscriptionId, strange) });
    refused(await put("foreign1", standard), 409, "StorageAccountAlreadyTaken");
  });

  it("refuse kinds, SKUs, tiers, regions and TLS versions that Azure does not have", async () => {
    const wrong: [object, string][] = [
      [{ kind: "Nonsense" }, "InvalidRequestPropertyValue"],
      [{ sku: { name: "Standard_XYZ" } }, "InvalidAccountType"],
      [{ kind: "BlockBlobStorage" }, "InvalidValuesForRequestParameters"],
      [{ kind: "BlobStorage" }, "InvalidAccessTier"],
      [{ properties: { accessTier: "Frozen" } }, "InvalidAccessTier"],
      [{ sku: { name: "Premium_LRS" }, properties: { isHnsEnabled: true } }, "InvalidRequestPropertyValue"],
      [{ location: "atlantis" }, "LocationNotAvailableForResourceType"],
      [{ location: undefined }, "LocationRequired"],
      [{ sku: undefined }, "InvalidRequestContent"],
      [{ properties: { minimumTlsVersion: "TLS1_3" } }, "FeatureNotSupported"],
      [{ properties: { allowSharedKeyAccess: "false" } }, "RequestIsNotValidJson"],
    ];
    for (const [change, code] of wrong) refused(await put("wrong1", { ...standard, ...change }), 400, code);
    equal(arm.emulator.world.accounts.has("wrong1"), false);
  });

  it("refuse updates of what only creation can set", async () => {
    const id = await arm.makeAccount("fixed1", { isHnsEnabled: false });
    const change = async (body: object) =>
      refused(await arm.call("PATCH", id, { body }), 400, "AccountPropertyCannotBeUpdated");
    const message = await change({ properties: { isHnsEnabled: true } });
    match(
      message,
      /^The property 'isHnsEnabled' was specified in the input, but it cannot be updated as it is read-only\./,
    );
    await change({ properties: { encryption: { requireInfrastructureEncryption: true } } });
    await change({ kind: "BlockBlobStorage" });
    refused(
      await arm.call("PATCH", id, { body: { sku: { name: "Premium_LRS" } } }),
      400,
      "StorageAccountTypeConversionNotAllowed",
    );
    equal((await arm.call("PATCH", id, { body: { properties: { isHnsEnabled: false } } })).status, 200);
  });

  it("have at most 15 tags, with names of 128 and values of 256 characters", async () => {
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, "x"]));
    refused(await put("tags1", { ...standard, tags: many }), 400, "TooManyTags");
    refused(await put("tags1", { ...standard, tags: { ["k".repeat(129)]: "v" } }), 400, "MaxTagKeyLengthExceeded");
    refused(await put("tags1", { ...standard, tags: { k: "v".repeat(257) } }), 400, "MaxTagValueLengthExceeded");
  });

  it("are limited for each region of a subscription, as usages report", async () => {
    const small = await startArm({ settings: { accountsPerRegion: 2 } });
    try {
      await small.makeAccount("one1");
      await small.makeAccount("two1");
      const id = `${small.group}${PROVIDER}/storageAccounts/three1`;
      refused(await small.call("PUT", id, { body: standard }), 409, "MaxStorageAccountsCountPerSubscriptionExceeded");
      const [usage] = await collect(small.storage.usages.listByLocation("westeurope"));
      deepEqual([usage?.name?.value, usage?.currentValue, usage?.limit], ["StorageAccounts", 2, 2]);
    } finally {
      await small.close();
    }
  });

  it("answer 404 in Azure's words when they do not exist, and 204 to their deletion", async () => {
    const message = refused(await arm.call("GET", account("nobody1")), 404, "ResourceNotFound");
    match(
      message,
      /^The Resource 'Microsoft\.Storage\/storageAccounts\/nobody1' under resource group 'keyless' was not found\./,
    );
    equal((await arm.call("DELETE", account("nobody1"))).status, 204);
    const child = `${account("nobody1")}/blobServices/default/containers/abc`;
    refused(await arm.call("PUT", child, { body: {} }), 404, "ParentResourceNotFound");
  });

  it("are found by a path in any case", async () => {
    const id = await arm.makeAccount("anycase1");
    equal(
      (await arm.call("GET", id.replace("resourceGroups", "RESOURCEGROUPS").replace("anycase1", "ANYCASE1"))).status,
      200,
    );
  });

  it("delete their containers and blobs with them", async () => {
    const id = await arm.makeAccount("doomed1");
    await arm.makeContainer(id, "abc");
    equal((await arm.call("DELETE", id)).status, 200);
    equal(
      [...arm.emulator.world.containers.keys()].some((key) => key.startsWith("doomed1/")),
      false,
    );
  });

  it("return their keys, and raise an alarm", async () => {
    const id = await arm.makeAccount("keys1");
    const keys = (await arm.call("POST", `${id}/listKeys`)).json<{ keys: { keyName: string; value: string }[] }>().keys;
    deepEqual(
      keys.map((each) => [each.keyName, Buffer.from(each.value, "base64").length]),
      [
        ["key1", 64],
        ["key2", 64],
      ],
    );
    const { alarms } = arm.emulator.calls.report();
    equal(alarms.length, 1);
    match(JSON.stringify(alarms[0]), /listKeys on .*keys1/);
  });

  it("set soft delete for blobs on their blob service", async () => {
    await arm.makeAccount("soft1");
    const policy = { enabled: true, days: 7 };
    await arm.storage.blobServices.setServiceProperties("keyless", "soft1", { deleteRetentionPolicy: policy });
    const read = await arm.storage.blobServices.getServiceProperties("keyless", "soft1");
    deepEqual([read.deleteRetentionPolicy?.enabled, read.deleteRetentionPolicy?.days], [true, 7]);
    const wrong = { body: { properties: { deleteRetentionPolicy: { enabled: true, days: 0 } } } };
    refused(
      await arm.call("PUT", `${account("soft1")}/blobServices/default`, wrong),
      400,
      "InvalidRequestPropertyValue",
    );
  });

  it("go back to the defaults of what a PUT of their blob service leaves out", async () => {
    const service = `${await arm.makeAccount("soft2")}/blobServices/default`;
    const properties = { isVersioningEnabled: true, deleteRetentionPolicy: { enabled: true, days: 7 } };
    equal((await arm.call("PUT", service, { body: { properties } })).status, 200);
    equal((await arm.call("PUT", service, { body: { properties: { isVersioningEnabled: true } } })).status, 200);
    const read = await arm.storage.blobServices.getServiceProperties("keyless", "soft2");
    deepEqual([read.isVersioningEnabled, read.deleteRetentionPolicy?.enabled], [true, false]);
  });

  it("have no versioning when they are hierarchical", async () => {
    const versioned = { body: { properties: { isVersioningEnabled: true } } };
    const [flat, tree] = [await arm.makeAccount("flat1"), await arm.makeAccount("tree1", { isHnsEnabled: true })];
    equal((await arm.call("PUT", `${flat}/blobServices/default`, versioned)).status, 200);
    refused(await arm.call("PUT", `${tree}/blobServices/default`, versioned), 400, "FeatureNotSupportedForAccount");
    equal(arm.emulator.world.accounts.get("tree1")?.blobService["isVersioningEnabled"], undefined);
  });
});

interface Account {
  readonly name: string;
  readonly sku: object;
  readonly properties: Record<string, unknown>;
}
