// What the emulator's ARM accepts of a body, by the api-version of the call, and what it shows of it.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { modelOf } from "../../src/emulator/arm/bodies/model.ts";
import { MODELS } from "../../src/emulator/arm/bodies/models.generated.ts";
import { PROVIDERS } from "../../src/emulator/arm/providers.ts";
import { NO_VARIANTS } from "../../src/emulator/variants.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { sendAdmin } from "../support/emulator-client.ts";

const NEWEST = "?api-version=2026-09-01";

interface Shown {
  readonly properties: Record<string, unknown>;
  readonly [name: string]: unknown;
}

describe("a body sent to the emulator's ARM", () => {
  let arm: Arm;
  let count = 0;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const fresh = () => {
    count += 1;
    return `${arm.group}/providers/Microsoft.Storage/storageAccounts/body${count}`;
  };
  const standard = (properties: object = {}, more: object = {}) => ({
    location: "westeurope",
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    properties,
    ...more,
  });
  /** Creates an account; answers what a GET with the newest api-version shows of it. */
  const made = async (body: object, version = NEWEST): Promise<Shown> => {
    const id = fresh();
    equal((await arm.call("PUT", `${id}${version}`, { body })).status, 202);
    return (await arm.call("GET", `${id}${NEWEST}`)).json<Shown>();
  };
  const refusedAccount = async (body: object, code: string) => {
    const id = fresh();
    const answer = await arm.call("PUT", `${id}${NEWEST}`, { body });
    equal(answer.status, 400, `${JSON.stringify(body)} was accepted`);
    equal((await arm.call("GET", id)).status, 404);
    return refused(answer, 400, code);
  };

  it("is read by a model on each route that writes one", () => {
    const routes = PROVIDERS.flatMap((provider) => provider.routes);
    const writes = routes.filter(
      ({ method, path }) => /PUT|PATCH/.test(method) && !/\/(deployments|tags)\//i.test(path),
    );
    ok(writes.length >= 15);
    deepEqual(
      writes.filter(({ body }) => body === undefined).map(({ operation }) => operation),
      [],
    );
    for (const name of Object.keys(MODELS) as (keyof typeof MODELS)[]) ok(modelOf(name).root.members.size > 0);
  });

  it("loses what Azure does not know: nothing of it is stored or shown", async () => {
    const { properties } = await made(
      standard({
        allowSharedKeyAcess: false,
        encryption: { services: { blob: { enabled: true, colour: "blue" } }, keysource: "Microsoft.Storage" },
        sasPolicy: { sasExpirationPeriod: "7.00:00:00", expirationAction: "Log", expiry: 1 },
      }),
    );
    deepEqual(
      ["allowSharedKeyAcess", "allowSharedKeyAccess", "keysource"].filter((name) => name in properties),
      [],
    );
    deepEqual(properties["sasPolicy"], { sasExpirationPeriod: "7.00:00:00", expirationAction: "Log" });
    const { keySource, services } = properties["encryption"] as Record<string, Record<string, object>>;
    equal(keySource, "Microsoft.Storage"); // names are compared without case
    equal("colour" in (services?.["blob"] ?? {}), false);
  });

  it("does not set what Azure computes", async () => {
    const shown = await made(
      standard(
        { provisioningState: "Failed", primaryLocation: "mars", creationTime: "2001-01-01T00:00:00Z" },
        { id: "/somewhere/else", name: "another", type: "Microsoft.Nowhere/things", etag: "x" },
      ),
    );
    deepEqual(
      [shown.properties["primaryLocation"], shown.properties["provisioningState"]],
      ["westeurope", "Succeeded"],
    );
    deepEqual([shown["name"], shown["type"]], [`body${count}`, "Microsoft.Storage/storageAccounts"]);
  });

  it("sets nothing that is newer than its api-version, and shows nothing newer than the caller's", async () => {
    const sent = { allowSharedKeyAccessForServices: { blob: { enabled: false } }, allowSharedKeyAccess: false };
    const old = await made(standard(sent), "?api-version=2025-06-01");
    deepEqual(
      [old.properties["allowSharedKeyAccess"], old.properties["allowSharedKeyAccessForServices"]],
      [false, undefined],
    );
    const id = fresh();
    equal((await arm.call("PUT", `${id}${NEWEST}`, { body: standard(sent) })).status, 202);
    const seenBy = async (version: string) =>
      Object.keys((await arm.call("GET", `${id}?api-version=${version}`)).json<Shown>().properties);
    ok((await seenBy("2026-09-01")).includes("allowSharedKeyAccessForServices"));
    equal((await seenBy("2025-06-01")).includes("allowSharedKeyAccessForServices"), false);
    ok((await seenBy("2025-06-01")).includes("allowSharedKeyAccess"));
    equal((await seenBy("2018-11-01")).includes("allowSharedKeyAccess"), false);
    const listed = await arm.call("GET", `${id.slice(0, id.lastIndexOf("/"))}?api-version=2018-11-01`);
    equal(/allowSharedKeyAccess|keyCreationTime/.test(listed.text), false);
  });

  it("is refused for a word that is newer than its api-version", async () => {
    const put = (version: string) =>
      arm.call("PUT", `${fresh()}?api-version=${version}`, { body: standard({ accessTier: "Cold" }) });
    equal((await put("2023-05-01")).status, 202);
    refused(await put("2023-01-01"), 400, "InvalidAccessTier");
    const smart = standard({ accessTier: "Smart" }, { sku: { name: "Standard_ZRS" } });
    equal((await made(smart)).properties["accessTier"], "Smart");
    refused(await arm.call("PUT", `${fresh()}?api-version=2025-06-01`, { body: smart }), 400, "InvalidAccessTier");
  });

  it("is refused for another type, as what cannot be read", async () => {
    const wrong: object[] = [
      { allowSharedKeyAccess: "false" },
      { allowBlobPublicAccess: 1 },
      { minimumTlsVersion: 12 },
      { networkAcls: [] },
      { networkAcls: { defaultAction: "Deny", ipRules: {} } },
      { networkAcls: { defaultAction: "Deny", ipRules: ["8.8.8.8"] } },
      { networkAcls: { defaultAction: "Deny", bypass: null } },
      { keyPolicy: { keyExpirationPeriodInDays: "ninety" } },
      { encryption: true },
    ];
    for (const properties of wrong) {
      const message = await refusedAccount(standard(properties), "RequestIsNotValidJson");
      match(message, /^The request cannot be interpreted as valid Json: \{"location":"westeurope",/);
    }
    for (const more of [
      { sku: "Standard_LRS" },
      { tags: ["a"] },
      { identity: "SystemAssigned" },
      { zones: "1" },
      { location: 5 },
    ]) {
      await refusedAccount({ ...standard(), ...more }, "InvalidRequestContent");
    }
  });

  it("is read with null as if it were absent, outside nested enumerations", async () => {
    const nothing = {
      accessTier: null,
      sasPolicy: null,
      allowedCopyScope: null,
      networkAcls: { defaultAction: "Deny", ipRules: null },
    };
    const { properties } = await made(standard(nothing));
    deepEqual(
      [properties["accessTier"], "sasPolicy" in properties, "allowedCopyScope" in properties],
      ["Hot", false, false],
    );
    deepEqual((properties["networkAcls"] as { ipRules: unknown }).ipRules, []);
  });

  it("is refused by ARM itself for a member beside `properties` that it does not know", async () => {
    const message = await refusedAccount(standard({}, { proprties: {} }), "InvalidRequestContent");
    match(message, /Could not find member 'proprties' on object of type 'ResourceDefinition'/);
    const id = await arm.makeAccount("beside1");
    for (const [method, path, body] of [
      ["PATCH", id, { allowSharedKeyAccess: false }],
      ["PUT", `${id}/blobServices/default/containers/abc`, { metadata: {} }],
      ["PUT", `${id}/blobServices/default`, { isVersioningEnabled: true }],
      [
        "PUT",
        `${arm.subscription}/resourceGroups/other?api-version=2021-04-01`,
        { location: "westeurope", owner: "me" },
      ],
      ["PUT", `${id}/providers/Microsoft.Authorization/locks/mine`, { level: "ReadOnly" }],
    ] as const) {
      refused(await arm.call(method, path, { body }), 400, "InvalidRequestContent");
    }
  });

  it("is refused for firewall rules that are no public addresses, subnets or resources", async () => {
    const rule = (value: string) => ({ networkAcls: { defaultAction: "Deny", ipRules: [{ value, action: "Allow" }] } });
    for (const value of [
      "hello",
      "8.8.8",
      "10.0.0.0/8",
      "192.168.1.0/24",
      "172.31.0.1",
      "127.0.0.1",
      "8.8.8.8/32",
      "8.8.8.0/31",
      "8.8.8.0/x",
      "2001:db8::1",
    ]) {
      const message = await refusedAccount(standard(rule(value)), "InvalidValuesForRequestParameters");
      equal(
        message,
        "Values for request parameters are invalid: networkAcls.ipRule[*].value. For more information, see - https://aka.ms/storagenetworkruleset",
      );
    }
    for (const value of ["8.8.8.8", "8.8.8.0/24", "172.32.0.1"]) await made(standard(rule(value)));
    const others = {
      virtualNetworkRules: [{ id: "subnet-1" }],
      resourceAccessRules: [{ tenantId: "x", resourceId: "y" }],
      ipv6Rules: [{ value: "1.2.3.4" }],
    };
    for (const [name, rules] of Object.entries(others)) {
      await refusedAccount(
        standard({ networkAcls: { defaultAction: "Deny", [name]: rules } }),
        "InvalidValuesForRequestParameters",
      );
    }
    const subnet = `${arm.group}/providers/Microsoft.Network/virtualNetworks/net/subnets/one`;
    await made(
      standard({
        networkAcls: { bypass: "Logging,Metrics", defaultAction: "Deny", virtualNetworkRules: [{ id: subnet }] },
      }),
    );
  });

  it("is refused for policies, keys and features that an account cannot have", async () => {
    const wrong: [object, string][] = [
      [{ networkAcls: { bypass: "AzureServices" } }, "InvalidValuesForRequestParameters"],
      [{ networkAcls: { defaultAction: "Maybe" } }, "InvalidRequestPropertyValue"],
      [{ networkAcls: { defaultAction: "Deny", bypass: "AzureServices, Friends" } }, "InvalidRequestPropertyValue"],
      [{ sasPolicy: { sasExpirationPeriod: "7 days", expirationAction: "Log" } }, "InvalidValuesForRequestParameters"],
      [
        { sasPolicy: { sasExpirationPeriod: "0.00:00:00", expirationAction: "Log" } },
        "InvalidValuesForRequestParameters",
      ],
      [{ sasPolicy: { sasExpirationPeriod: "1.00:00:00" } }, "InvalidValuesForRequestParameters"],
      [{ sasPolicy: { sasExpirationPeriod: "1.00:00:00", expirationAction: "Shout" } }, "InvalidRequestPropertyValue"],
      [{ keyPolicy: { keyExpirationPeriodInDays: -260 } }, "InvalidValuesForRequestParameters"],
      [{ publicNetworkAccess: "Off" }, "InvalidRequestPropertyValue"],
      [{ minimumTlsVersion: "TLS1_3" }, "FeatureNotSupported"],
      [{ dnsEndpointType: "AzureDnsZone" }, "FeatureNotSupported"],
      [{ encryption: { keySource: "Microsoft.Keyvault" } }, "InvalidValuesForRequestParameters"],
      [{ customDomain: { name: "blobs.example.com" } }, "StorageDomainNameCouldNotVerify"],
    ];
    for (const [properties, code] of wrong) await refusedAccount(standard(properties), code);
    const identity = { type: "UserAssigned", userAssignedIdentities: { mine: {} } };
    await refusedAccount(standard({}, { identity }), "LinkedInvalidPropertyId");
    await refusedAccount(standard({}, { identity: { type: "Everyone" } }), "InvalidRequestContent");
  });

  it("is refused for tags that no resource can have", async () => {
    await refusedAccount(standard({}, { tags: { "a/b": "c" } }), "InvalidTagNameCharacters");
    await refusedAccount(standard({}, { tags: { a: 1 } }), "InvalidRequestContent");
    await refusedAccount(standard({}, { tags: { a: { b: "c" } } }), "InvalidRequestContent");
    const group = `${arm.subscription}/resourceGroups/tagged?api-version=2021-04-01`;
    refused(
      await arm.call("PUT", group, { body: { location: "westeurope", tags: { "100%": "" } } }),
      400,
      "InvalidTagNameCharacters",
    );
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, "x"]));
    for (const [tags, code] of [
      [many, "InvalidTags"],
      [{ ["k".repeat(513)]: "v" }, "InvalidTagName"],
      [{ k: "v".repeat(257) }, "InvalidTagValueLength"],
      [{ " ": "v" }, "InvalidTagName"],
    ] as const) {
      refused(await arm.call("PUT", group, { body: { location: "westeurope", tags } }), 400, code);
    }
  });

  it("is read alike for containers, blob services, identities and roles", async () => {
    const id = await arm.makeAccount("alike1");
    const container = `${id}/blobServices/default/containers/abc`;
    const stored = await arm.call("PUT", container, {
      body: { properties: { metadata: { a: "b" }, novelty: 7, leaseState: "Broken" } },
    });
    equal(stored.status, 201);
    deepEqual(
      [stored.json<Shown>().properties["novelty"], stored.json<Shown>().properties["leaseState"]],
      [undefined, "Available"],
    );
    refused(
      await arm.call("PATCH", container, { body: { properties: { metadata: { a: 1 } } } }),
      400,
      "RequestIsNotValidJson",
    );
    refused(
      await arm.call("PATCH", container, { body: { properties: { denyEncryptionScopeOverride: "yes" } } }),
      400,
      "RequestIsNotValidJson",
    );
    refused(
      await arm.call("PUT", `${id}/blobServices/default`, { body: { properties: { isVersioningEnabled: "true" } } }),
      400,
      "RequestIsNotValidJson",
    );
    const service = await arm.call("PUT", `${id}/blobServices/default`, {
      body: { properties: { softDelete: { enabled: true } } },
    });
    deepEqual([service.status, "softDelete" in service.json<Shown>().properties], [200, false]);
    const identity = `${arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/alike`;
    const born = await arm.call("PUT", identity, {
      body: { location: "westeurope", properties: { clientId: "mine", isolationScope: "Regional", mood: "good" } },
    });
    equal(born.status, 201);
    equal("mood" in born.json<Shown>().properties, false);
    equal(born.json<Shown>().properties["isolationScope"], "Regional");
    const older = await arm.call("GET", `${identity}?api-version=2018-11-30`);
    equal("isolationScope" in older.json<Shown>().properties, false);
    const role = `${arm.group}/providers/Microsoft.Authorization/roleDefinitions/${crypto.randomUUID()}`;
    const wrong = { roleName: "x", assignableScopes: arm.group, permissions: [{ actions: [] }] };
    refused(await arm.call("PUT", role, { body: { properties: wrong } }), 400, "BadRequestFormat");
  });

  it("is refused for rules of a blob service that Azure does not have", async () => {
    const service = `${await arm.makeAccount("reads1")}/blobServices/default`;
    const rule = {
      allowedOrigins: ["*"],
      allowedMethods: ["GET"],
      allowedHeaders: [],
      exposedHeaders: [],
      maxAgeInSeconds: 1,
    };
    const wrong: [object, string][] = [
      [{ restorePolicy: { enabled: true, days: 5 } }, "InvalidRequestPropertyValue"],
      [{ changeFeed: { enabled: true, retentionInDays: 0 } }, "InvalidRequestPropertyValue"],
      [{ cors: { corsRules: Array.from({ length: 6 }, () => rule) } }, "ContainerOperationFailure"],
      [{ cors: { corsRules: [{ ...rule, allowedMethods: ["FETCH"] }] } }, "ContainerOperationFailure"],
      [{ cors: { corsRules: [{ allowedOrigins: ["*"] }] } }, "ContainerOperationFailure"],
    ];
    for (const [properties, code] of wrong)
      refused(await arm.call("PUT", service, { body: { properties } }), 400, code);
  });

  it("is read with a number as text, and completed, as az sends it", async () => {
    const policy = { immutabilityPeriodSinceCreationInDays: "10", state: "Disabled", allowProtectedAppendWrites: true };
    const encryption = { keySource: "Microsoft.Storage", services: { blob: {} } };
    const { properties } = await made(
      standard({ encryption, immutableStorageWithVersioning: { enabled: true, immutabilityPolicy: policy } }),
    );
    deepEqual(properties["immutableStorageWithVersioning"], {
      enabled: true,
      immutabilityPolicy: { ...policy, immutabilityPeriodSinceCreationInDays: 10 },
    });
    const { services } = properties["encryption"] as { services: Record<string, { enabled: boolean }> };
    deepEqual([services["blob"]?.enabled, services["file"]?.enabled], [true, true]);
    for (const wrong of [
      { ...policy, state: undefined },
      { ...policy, state: "Locked" },
    ]) {
      const sent = standard({ immutableStorageWithVersioning: { enabled: true, immutabilityPolicy: wrong } });
      await refusedAccount(sent, "InvalidStorageAccountImmutabilityPolicy");
    }
  });

  it("is read with words in any case, as the Java SDK sends them, and shown as Azure writes them", async () => {
    const networkAcls = { defaultAction: "deny", bypass: "azureservices,logging" };
    const { properties } = await made({ ...standard({ networkAcls, accessTier: "cool" }), kind: "storagev2" });
    const { bypass, defaultAction } = properties["networkAcls"] as Record<string, string>;
    deepEqual([bypass, defaultAction, properties["accessTier"]], ["AzureServices, Logging", "Deny", "Cool"]);
  });

  it("takes a user-assigned identity away by null", async () => {
    const id = await arm.makeAccount("identity1");
    const one = `${arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload-a`;
    const patch = async (type: string, value: object | null) => {
      const answer = await arm.call("PATCH", id, {
        body: { identity: { type, userAssignedIdentities: { [one]: value } } },
      });
      equal(answer.status, 200);
      return answer.json<{ identity: { type: string; userAssignedIdentities: object } }>().identity;
    };
    deepEqual(Object.keys((await patch("UserAssigned", {})).userAssignedIdentities), [one]);
    const typed = await arm.call("PATCH", id, { body: { identity: { type: "UserAssigned" } } });
    deepEqual(
      Object.keys(typed.json<{ identity: { userAssignedIdentities: object } }>().identity.userAssignedIdentities),
      [one],
    );
    const none = { body: { identity: { type: "UserAssigned", userAssignedIdentities: { [one]: null } } } };
    refused(await arm.call("PATCH", id, none), 400, "MissingIdentityIds");
    deepEqual(await patch("None", null), { type: "None", userAssignedIdentities: {} });
    await refusedAccount(standard({}, { identity: { type: "SystemAssigned, UserAssigned" } }), "MissingIdentityIds");
  });

  it("of a blob service is refused for what the service cannot read", async () => {
    const service = `${await arm.makeAccount("service1")}/blobServices/default`;
    const put = (properties: object) => arm.call("PUT", service, { body: { properties } });
    refused(await put({ defaultServiceVersion: "nonsense" }), 400, "ContainerOperationFailure");
    const lists = { allowedHeaders: [], allowedMethods: ["GET"], allowedOrigins: ["*"], exposedHeaders: [] };
    const cors = (maxAgeInSeconds: number) => ({ cors: { corsRules: [{ ...lists, maxAgeInSeconds }] } });
    refused(await put(cors(-1)), 400, "ContainerOperationFailure");
    equal((await put({ ...cors(0), defaultServiceVersion: "2023-11-03" })).status, 200);
  });

  it("of a container is refused for scopes that are not there, and for immutable versions where there are none", async () => {
    const account = await arm.makeAccount("scopes1");
    const at = (name: string) => `${account}/blobServices/default/containers/${name}`;
    const put = (name: string, properties: object) => arm.call("PUT", at(name), { body: { properties } });
    refused(await put("one", { defaultEncryptionScope: "mine" }), 400, "ContainerOperationFailure");
    const immutable = { immutableStorageWithVersioning: { enabled: true } };
    refused(await put("one", immutable), 400, "FeatureNotSupportedForAccount");
    equal((await arm.call("GET", at("one"))).status, 404);
    equal((await put("two", { defaultEncryptionScope: "$account-encryption-key" })).status, 201);
    const service = { body: { properties: { isVersioningEnabled: true } } };
    equal((await arm.call("PUT", `${account}/blobServices/default`, service)).status, 200);
    refused(await put("two", immutable), 409, "ContainerImmutableStorageWithVersioningCannotBeUpdated");
    equal((await put("three", immutable)).status, 201);
    equal(
      (await arm.call("PATCH", at("three"), { body: { properties: { enableNfsV3AllSquash: false } } })).status,
      200,
    );
    const { properties } = (await arm.call("GET", at("three"))).json<Shown>();
    deepEqual(properties["immutableStorageWithVersioning"], { enabled: true });
  });

  it("with immutable versions turns versioning on, and keeps it", async () => {
    const account = await arm.makeAccount("versions1", { immutableStorageWithVersioning: { enabled: true } });
    const service = `${account}/blobServices/default`;
    equal((await arm.call("GET", service)).json<Shown>().properties["isVersioningEnabled"], true);
    refused(await arm.call("PUT", service, { body: { properties: {} } }), 400, "InvalidRequestPropertyValue");
    equal((await arm.call("PUT", service, { body: { properties: { isVersioningEnabled: true } } })).status, 200);
  });

  it("keeps large file shares on once they are on", async () => {
    const id = await arm.makeAccount("shares1", { largeFileSharesState: "Enabled" });
    const off = { body: { properties: { largeFileSharesState: "Disabled" } } };
    match(
      refused(await arm.call("PATCH", id, off), 400, "InvalidRequestPropertyValue"),
      /'Disabled' is not allowed for property largeFileSharesState/,
    );
  });

  it("is refused in other words by the variants of what is not known", async () => {
    const set = async (variants: object) =>
      equal((await sendAdmin(arm.emulator, "POST", "/variants", variants)).status, 200);
    await set({ unknownValuesUnreadable: true, unknownMembersRefused: true });
    try {
      await refusedAccount(standard({ publicNetworkAccess: "Off" }), "RequestIsNotValidJson");
      await refusedAccount(standard({ allowSharedKeyAcess: false }), "RequestIsNotValidJson");
    } finally {
      await set(NO_VARIANTS);
    }
  });
});
