// Storage accounts: how the product makes, finds and checks the account of a volume.
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { Cloud } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  accountId,
  answered,
  containerIn,
  keyless,
  makeAccount,
  refused,
  settle,
  sharedAccount,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly sku: { readonly name: string; readonly tier: string };
  readonly tags: Record<string, string>;
  readonly properties: Record<string, unknown>;
}

const put = (cloud: Cloud, id: string, change: object = {}) =>
  cloud.arm("PUT", id, { body: keyless(cloud, { ...change }) });

/** Asserts that the PUT of a new account with each change is refused with its code, and creates nothing. */
async function refusedWhenNew(cloud: Cloud, changes: readonly (readonly [object, string])[]): Promise<void> {
  for (const [change, code] of changes) {
    const id = accountId(cloud);
    refused(await put(cloud, id, change), 400, code);
    refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
  }
}

export const accounts: Chapter = {
  title: "storage accounts",
  sentences: [
    {
      says: "are made asynchronously: 202 with Location, Retry-After and no body, and the Location answers 200 with the account in the end",
      source: SOURCES.accountCreate,
      async check(cloud) {
        const id = accountId(cloud);
        const accepted = await put(cloud, id);
        deepEqual([accepted.status, accepted.text], [202, ""]);
        match(accepted.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
        match(accepted.headers.get("location") ?? "", /^https:\/\/.*\/asyncoperations\//i);
        const made = (await settle(cloud, accepted)).json<Shown>();
        deepEqual([made.id.toLowerCase(), made.properties["provisioningState"]], [id.toLowerCase(), "Succeeded"]);
      },
    },
    {
      says: "are shown as they are being made, and refuse to be written then: 409",
      source: SOURCES.accountErrorsCommon,
      needs: { control: "the clock, to stop an account halfway" },
      check: () =>
        withEmulator({ accountCreationMs: 20_000, operationRetryAfterSeconds: 17 }, async (cloud) => {
          const id = accountId(cloud);
          const accepted = answered(await put(cloud, id), 202);
          equal((await cloud.arm("GET", id)).json<Shown>().properties["provisioningState"], "Creating");
          refused(await put(cloud, id), 409, "StorageAccountOperationInProgress");
          const container = `${id}/blobServices/default/containers/early`;
          refused(await cloud.arm("PUT", container, { body: {} }), 409, "StorageAccountIsNotProvisioned");
          equal((await cloud.arm("GET", accepted.headers.get("location") ?? "")).status, 202);
          cloud.emulator.clock.advance(20_000);
          answered(await cloud.arm("GET", accepted.headers.get("location") ?? ""), 200);
        }),
    },
    {
      says: "return the properties that make them keyless as they were sent",
      source: SOURCES.accountGet,
      async check(cloud) {
        const { properties } = (await cloud.arm("GET", (await sharedAccount(cloud)).id)).json<Shown>();
        const wanted = keyless(cloud).properties as Record<string, unknown>;
        for (const [name, value] of Object.entries(wanted)) deepEqual([name, properties[name]], [name, value]);
      },
    },
    {
      says: "leave allowSharedKeyAccess out when it was never sent, which means that keys are good",
      source: SOURCES.sharedKeyPrevention,
      async check(cloud) {
        const { id } = await makeAccount(cloud, { properties: { allowSharedKeyAccess: undefined } });
        const { properties } = (await cloud.arm("GET", id)).json<Shown>();
        notEqual(properties["allowSharedKeyAccess"], false);
      },
    },
    {
      says: "have a Blob endpoint that bears their name",
      source: SOURCES.accountGet,
      async check(cloud) {
        const { name, blob } = await sharedAccount(cloud);
        ok(blob.startsWith("https://") && blob.includes(name), blob);
      },
    },
    {
      says: "show sku with its tier and the kind",
      source: SOURCES.accountGet,
      async check(cloud) {
        const { sku, kind } = (await cloud.arm("GET", (await sharedAccount(cloud)).id)).json<Shown>();
        deepEqual([sku, kind], [{ name: "Standard_LRS", tier: "Standard" }, "StorageV2"]);
      },
    },
    {
      says: "that are there take a PUT as an update: 200 with the account, the change made, what was not sent kept",
      source: SOURCES.accountCreate,
      async check(cloud) {
        const { id } = await makeAccount(cloud, { tags: { team: "a" } });
        const body = { ...keyless(cloud), tags: { team: "b" }, properties: { accessTier: "Cool" } };
        const { tags, properties } = answered(await cloud.arm("PUT", id, { body }), 200).json<Shown>();
        deepEqual([tags, properties["accessTier"]], [{ team: "b" }, "Cool"]);
        equal(properties["allowSharedKeyAccess"], false);
      },
    },
    {
      says: "take PATCH synchronously; tags that are sent replace all tags",
      source: SOURCES.accountUpdate,
      async check(cloud) {
        const { id } = await makeAccount(cloud, { tags: { old: "1" } });
        const patched = answered(await cloud.arm("PATCH", id, { body: { tags: { fresh: "2" } } }), 200).json<Shown>();
        deepEqual([patched.tags, patched.properties["allowSharedKeyAccess"]], [{ fresh: "2" }, false]);
      },
    },
    {
      says: "can be opened to keys again by anybody who may write them",
      source: SOURCES.sharedKeyPrevention,
      async check(cloud) {
        const { id } = await makeAccount(cloud);
        const body = { properties: { allowSharedKeyAccess: true } };
        answered(await cloud.arm("PATCH", id, { body }), 200);
        const { properties } = (await cloud.arm("GET", id)).json<Shown>();
        equal(properties["allowSharedKeyAccess"], true);
      },
    },
    {
      says: "have names of 3 to 24 lower-case letters and digits, and none else: 400 AccountNameInvalid",
      source: SOURCES.accountErrors,
      async check(cloud) {
        for (const bad of ["-dash", "_under", "x".repeat(24)]) {
          refused(await put(cloud, accountId(cloud, `${cloud.prefix}${bad}`)), 400, "AccountNameInvalid");
        }
      },
    },
    {
      says: "have names that are unique in all of Azure; the name check says what is wrong with one",
      source: SOURCES.accountNameCheck,
      async check(cloud) {
        const ask = async (name: string) => {
          const body = { name, type: "Microsoft.Storage/storageAccounts" };
          const path = `${cloud.subscription}/providers/Microsoft.Storage/checkNameAvailability`;
          const { nameAvailable, reason } = answered(await cloud.arm("POST", path, { body }), 200).json();
          return [nameAvailable, reason];
        };
        deepEqual(await ask((await sharedAccount(cloud)).name), [false, "AlreadyExists"]);
        deepEqual(await ask("Not-A-Name"), [false, "AccountNameInvalid"]);
        equal((await ask(cloud.newName()))[0], true);
      },
    },
    {
      says: "whose name somebody in another subscription holds are 409 StorageAccountAlreadyTaken",
      source: SOURCES.accountErrors,
      needs: { control: "an account of somebody else" },
      check: () =>
        withEmulator({}, async (cloud) => {
          const { name, id } = await makeAccount(cloud);
          const { accounts: held } = cloud.emulator.world;
          const account = held.get(name);
          ok(account);
          const subscriptionId = cloud.newGuid();
          const foreign = { ...account, subscriptionId, id: id.replace(cloud.subscriptionId, subscriptionId) };
          held.set(name, foreign);
          refused(await put(cloud, id), 409, "StorageAccountAlreadyTaken");
          refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
        }),
    },
    {
      says: "whose name is in another resource group of the subscription are 409, not an update",
      source: SOURCES.accountErrors,
      needs: { control: "a second resource group" },
      check: () =>
        withEmulator({}, async (cloud) => {
          const { name } = await makeAccount(cloud);
          const other = `${cloud.subscription}/resourceGroups/${cloud.newName()}`;
          answered(await cloud.arm("PUT", other, { body: { location: cloud.location } }), 201);
          const id = `${other}/providers/Microsoft.Storage/storageAccounts/${name}`;
          refused(await put(cloud, id), 409, "StorageAccountInAnotherResourceGroup");
        }),
    },
    {
      says: "stay in their location: a PUT with another is 409 InvalidResourceLocation",
      source: SOURCES.armErrors,
      async check(cloud) {
        const { id } = await sharedAccount(cloud);
        const location = cloud.location === "northeurope" ? "westeurope" : "northeurope";
        refused(await put(cloud, id, { location }), 409, "InvalidResourceLocation");
      },
    },
    {
      says: "have kind, hierarchical namespace and infrastructure encryption from creation on and for good: 400",
      source: SOURCES.accountErrors,
      async check(cloud) {
        const { id } = await sharedAccount(cloud);
        const changes = [
          { properties: { encryption: { requireInfrastructureEncryption: true, keySource: "Microsoft.Storage" } } },
          { properties: { isHnsEnabled: true } },
        ];
        for (const body of changes) {
          const answer = await cloud.arm("PATCH", id, { body });
          refused(answer, 400, "AccountPropertyCannotBeUpdated");
        }
      },
    },
    {
      says: "refuse what creation alone may say even when it says the default: isHnsEnabled false is 400 for an account made without it",
      source: SOURCES.accountFixedProperties,
      async check(cloud) {
        const body = { properties: { isHnsEnabled: false } };
        const answer = await cloud.arm("PATCH", (await sharedAccount(cloud)).id, { body });
        refused(answer, 400, "AccountPropertyCannotBeUpdated");
      },
    },
    {
      says: "do not turn from Standard into Premium: 400 StorageAccountTypeConversionNotAllowed",
      source: SOURCES.accountErrors,
      async check(cloud) {
        const body = { sku: { name: "Premium_LRS" } };
        const answer = await cloud.arm("PATCH", (await sharedAccount(cloud)).id, { body });
        refused(answer, 400, "StorageAccountTypeConversionNotAllowed");
      },
    },
    {
      says: "carry at most 15 tags with names of 128 characters",
      source: SOURCES.armTags,
      check: (cloud) =>
        refusedWhenNew(cloud, [
          [{ tags: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, "x"])) }, "TooManyTags"],
          [{ tags: { ["k".repeat(129)]: "v" } }, "MaxTagKeyLengthExceeded"],
          [{ tags: { k: "v".repeat(257) } }, "MaxTagValueLengthExceeded"],
        ]),
    },
    {
      says: "keep tags whose names hold a dot and a dash, as those of the product do",
      source: SOURCES.armTags,
      async check(cloud) {
        const tags = { "keyless-csi.format": "1", "keyless-csi.namespace-uid": cloud.newGuid() };
        const { id } = await makeAccount(cloud, { tags });
        deepEqual((await cloud.arm("GET", id)).json<Shown>().tags, tags);
      },
    },
    {
      says: "of a SKU, access tier or region that there is not are 400",
      source: SOURCES.accountErrors,
      check: (cloud) =>
        refusedWhenNew(cloud, [
          [{ sku: { name: "Standard_XYZ" } }, "InvalidAccountType"],
          [{ location: "atlantis" }, "LocationNotAvailableForResourceType"],
        ]),
    },
    {
      says: "that are not there answer GET with 404 ResourceNotFound and DELETE with 204",
      source: SOURCES.accountDelete,
      async check(cloud) {
        const id = accountId(cloud);
        refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
        answered(await cloud.arm("DELETE", id), 204);
      },
    },
    {
      says: "are deleted synchronously: 200, and then 404",
      source: SOURCES.accountDelete,
      async check(cloud) {
        const { id } = await makeAccount(cloud);
        answered(await cloud.arm("DELETE", id), 200);
        refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
      },
    },
    {
      says: "are deleted with the containers that are in them",
      source: SOURCES.accountDelete,
      async check(cloud) {
        const account = await makeAccount(cloud);
        const container = containerIn(cloud, account);
        answered(await cloud.arm("PUT", container.id, { body: {} }), 201);
        answered(await cloud.arm("DELETE", account.id), 200);
        refused(await cloud.arm("GET", container.id), 404, "ResourceNotFound");
      },
    },
    {
      says: "are listed by resource group, with tags and properties",
      source: SOURCES.accountList,
      async check(cloud) {
        const { name } = await sharedAccount(cloud);
        const { value } = answered(
          await cloud.arm("GET", `${cloud.group}/providers/Microsoft.Storage/storageAccounts`),
          200,
        ).json<{ value: Shown[] }>();
        const found = value.find((each) => each.name === name);
        deepEqual(
          [found?.tags, found?.properties["allowSharedKeyAccess"]],
          [{ purpose: "keyless-csi contract" }, false],
        );
      },
    },
    {
      says: "are counted by region, with the limit",
      source: SOURCES.accountUsages,
      async check(cloud) {
        await sharedAccount(cloud);
        const path = `${cloud.subscription}/providers/Microsoft.Storage/locations/${cloud.location}/usages`;
        const { value } = answered(await cloud.arm("GET", path), 200).json<{
          value: { name: { value: string }; currentValue: number; limit: number }[];
        }>();
        const usage = value.find(({ name }) => name.value === "StorageAccounts");
        ok(usage && usage.currentValue >= 1 && usage.limit >= 250);
      },
    },
    {
      says: "above the subscription's limit for the region are 409 MaxStorageAccountsCountPerSubscriptionExceeded",
      source: SOURCES.accountErrors,
      needs: { control: "a subscription that is full" },
      check: () =>
        withEmulator({ accountsPerRegion: 1 }, async (cloud) => {
          await makeAccount(cloud);
          refused(await put(cloud, accountId(cloud)), 409, "MaxStorageAccountsCountPerSubscriptionExceeded");
        }),
    },
    {
      says: "keep soft delete for blobs and containers as their blob service was set",
      source: SOURCES.blobServiceSet,
      async check(cloud) {
        const { id } = await makeAccount(cloud);
        const service = `${id}/blobServices/default`;
        const policy = { enabled: true, days: 7 };
        const body = { properties: { deleteRetentionPolicy: policy, containerDeleteRetentionPolicy: policy } };
        answered(await cloud.arm("PUT", service, { body }), 200);
        const { properties } = (await cloud.arm("GET", service)).json<Shown>();
        const days = (name: string) => (properties[name] as { days?: number } | undefined)?.days;
        deepEqual([days("deleteRetentionPolicy"), days("containerDeleteRetentionPolicy")], [7, 7]);
      },
    },
    {
      says: "keep versioning, CORS and change feed when their blob service is set to all that GET has answered",
      source: SOURCES.blobServiceSet,
      async check(cloud) {
        const { id } = await makeAccount(cloud);
        const service = `${id}/blobServices/default`;
        const rule = { allowedOrigins: ["*"], allowedMethods: ["GET"], maxAgeInSeconds: 1 };
        const corsRules = [{ ...rule, exposedHeaders: ["*"], allowedHeaders: ["*"] }];
        const body = { properties: { isVersioningEnabled: true, changeFeed: { enabled: true }, cors: { corsRules } } };
        answered(await cloud.arm("PUT", service, { body }), 200);
        const { properties } = (await cloud.arm("GET", service)).json<Shown>();
        const raised = { ...properties, deleteRetentionPolicy: { enabled: true, days: 7 } };
        answered(await cloud.arm("PUT", service, { body: { properties: raised } }), 200);
        const after = (await cloud.arm("GET", service)).json<Shown>().properties;
        deepEqual(
          [after["isVersioningEnabled"], after["changeFeed"], after["cors"]],
          [true, { enabled: true }, { corsRules }],
        );
        answered(await cloud.arm("PUT", service, { body: { properties: { cors: { corsRules: [] } } } }), 200);
        deepEqual((await cloud.arm("GET", service)).json<Shown>().properties["cors"], { corsRules: [] });
      },
    },
  ],
};
