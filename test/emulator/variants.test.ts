// Where Azure may differ from its documentation: each variant off and on.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ALL_VARIANTS, type AzureVariants, NO_VARIANTS } from "../../src/emulator/variants.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { administratorToken, send, sendAdmin } from "../support/emulator-client.ts";

const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ACCESS_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
/** Who may delete only assignments of the reader's role. */
const CONDITION =
  "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR " +
  `(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${READER}}))`;
const ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments";

describe("the emulator's variants of Azure", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  afterEach(() => set(NO_VARIANTS));
  after(() => arm.close());

  const set = async (variants: Partial<AzureVariants>) => {
    equal((await sendAdmin(arm.emulator, "POST", "/variants", variants)).status, 200);
  };
  const workload = () => arm.emulator.info.identities[0]?.principalId ?? "";
  const fresh = async () => arm.makeAccount(`v${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`);
  /** Ids that a list shows. */
  const listed = async (scope: string): Promise<string[]> => {
    const answer = await arm.call("GET", `${scope}${ASSIGNMENTS}`);
    equal(answer.status, 200);
    return answer.json<{ value: { id: string }[] }>().value.map(({ id }) => id);
  };

  it("are all off at first, are changed one by one while it runs, and refuse what is not one", async () => {
    const shown = async () => (await sendAdmin(arm.emulator, "GET", "/variants")).json<AzureVariants>();
    deepEqual(await shown(), NO_VARIANTS);
    const changed = await sendAdmin(arm.emulator, "POST", "/variants", { assignmentListLagMs: 1000 });
    deepEqual(changed.json(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
    deepEqual(await shown(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
    for (const [body, reason] of [
      [{ assignmentListLag: 1 }, /assignmentListLag.*is not known; known are assignmentListLagMs, /],
      [{ assignmentReadLagMs: -1 }, /assignmentReadLagMs must be a whole number of milliseconds/],
      [{ pollNeedsRight: 1 }, /pollNeedsRight must be true or false/],
      [[], /send an object of variants/],
    ] as const) {
      const answer = await sendAdmin(arm.emulator, "POST", "/variants", body);
      equal(answer.status, 400);
      match(answer.text, reason);
    }
    deepEqual(await shown(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
  });

  it("have another value in ALL_VARIANTS than in NO_VARIANTS, each of them", () => {
    deepEqual(Object.keys(ALL_VARIANTS), Object.keys(NO_VARIANTS));
    for (const name of Object.keys(NO_VARIANTS) as (keyof AzureVariants)[])
      ok(ALL_VARIANTS[name] !== NO_VARIANTS[name]);
  });

  it("assignmentListLagMs: lists do not show a new role assignment for so long, and GET does", async () => {
    await set({ assignmentListLagMs: 30_000 });
    const scope = await fresh();
    const id = await arm.grant(scope, READER, workload());
    equal((await arm.call("GET", id)).status, 200);
    arm.emulator.clock.advance(29_000);
    for (const above of [scope, arm.group]) ok(!(await listed(above)).includes(id));
    arm.emulator.clock.advance(1_000);
    for (const above of [scope, arm.group]) ok((await listed(above)).includes(id));
    // Deleted and made again, it is a new one.
    equal((await arm.call("DELETE", id)).status, 200);
    ok(!(await listed(scope)).includes(id));
  });

  it("assignmentReadLagMs: GET does not find a new role assignment for so long; it is in force, and can be deleted", async () => {
    await set({ assignmentReadLagMs: 15_000 });
    const scope = await fresh();
    const id = await arm.grant(scope, READER, workload());
    refused(await arm.call("GET", id), 404, "RoleAssignmentNotFound");
    ok((await listed(scope)).includes(id));
    arm.emulator.clock.advance(15_000);
    equal((await arm.call("GET", id)).status, 200);
    const other = await arm.grant(await fresh(), READER, workload());
    equal((await arm.call("DELETE", other)).status, 200);
    ok(!arm.emulator.world.roleAssignments.has(other.split("/").at(-1) ?? ""));
  });

  it("roleDefinitionFlipMs: for so long, every other call does not find a custom role that was just written", async () => {
    await set({ roleDefinitionFlipMs: 300_000 });
    const name = crypto.randomUUID();
    const role = `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
    const permissions = [{ actions: ["Microsoft.Storage/storageAccounts/read"] }];
    const properties = { roleName: name, assignableScopes: [arm.subscription], permissions };
    equal((await arm.call("PUT", role, { body: { properties } })).status, 201);
    const found = async () => (await arm.call("GET", role)).status;
    deepEqual([await found(), await found(), await found(), await found()], [404, 200, 404, 200]);
    const scope = await fresh();
    const assignment = `${scope}${ASSIGNMENTS}/${crypto.randomUUID()}`;
    const wish = { properties: { roleDefinitionId: role, principalId: workload(), principalType: "ServicePrincipal" } };
    refused(await arm.call("PUT", assignment, { body: wish }), 404, "RoleDefinitionDoesNotExist");
    equal((await arm.call("PUT", assignment, { body: wish })).status, 201);
    arm.emulator.clock.advance(300_000);
    deepEqual([await found(), await found()], [200, 200]);
  });

  it("absentDeleteRefused: deleting what is not there is 403 under a condition, and 204 without", async () => {
    const scope = await fresh();
    const { identity, token } = await arm.makeCaller(`v-${crypto.randomUUID()}`);
    await arm.grant(scope, ACCESS_ADMINISTRATOR, identity.principalId, {
      condition: CONDITION,
      conditionVersion: "2.0",
    });
    const absent = `${scope}${ASSIGNMENTS}/${crypto.randomUUID()}`;
    equal((await arm.call("DELETE", absent, { token })).status, 204);
    await set({ absentDeleteRefused: true });
    refused(await arm.call("DELETE", absent, { token }), 403, "AuthorizationFailed");
    equal((await arm.call("DELETE", absent)).status, 204);
    const id = await arm.grant(scope, READER, workload());
    equal((await arm.call("DELETE", id, { token })).status, 200);
  });

  it("vanishedListMissing, vanishedDeleteRefused: where account or container is gone, only the subscription's owner removes what was left", async () => {
    const account = await fresh();
    const container = await arm.makeContainer(account, "one");
    const { identity, token } = await arm.makeCaller(`v-${crypto.randomUUID()}`);
    await arm.grant(arm.group, ACCESS_ADMINISTRATOR, identity.principalId);
    const made = async (scope: string) => [await arm.grant(scope, READER, workload()), scope] as const;
    const left = [await made(container), await made(account)];
    await set({ vanishedListMissing: true, vanishedDeleteRefused: true });
    for (const [id, scope] of left) ok((await listed(scope)).includes(id));
    equal((await arm.call("DELETE", container)).status, 200);
    refused(await arm.call("GET", `${container}${ASSIGNMENTS}`), 404, "ResourceNotFound");
    ok((await listed(account)).includes(left[0]?.[0] ?? ""));
    equal((await arm.call("DELETE", account)).status, 200);
    for (const [id, scope] of left) {
      refused(await arm.call("GET", `${scope}${ASSIGNMENTS}`), 404, "ResourceNotFound");
      refused(await arm.call("DELETE", id, { token }), 403, "AuthorizationFailed");
      equal((await arm.call("GET", id, { token })).status, 200);
      ok((await listed(arm.group)).includes(id));
    }
    await set({ vanishedListMissing: false, vanishedDeleteRefused: false });
    const [first, second] = left.map(([id]) => id);
    ok((await listed(container)).includes(first ?? ""));
    equal((await arm.call("DELETE", first ?? "", { token })).status, 200);
    await set({ vanishedDeleteRefused: true });
    equal((await arm.call("DELETE", second ?? "")).status, 200);
  });

  it("pollNeedsRight: the poll of a new account is 403 without its own right in the resource group", async () => {
    const { identity, token } = await arm.makeCaller(`v-${crypto.randomUUID()}`);
    const right = async (actions: string[]) => {
      const name = crypto.randomUUID();
      const role = `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
      const properties = { roleName: name, assignableScopes: [arm.subscription], permissions: [{ actions }] };
      equal((await arm.call("PUT", role, { body: { properties } })).status, 201);
      await arm.grant(arm.group, name, identity.principalId);
    };
    await right(["Microsoft.Storage/storageAccounts/write"]);
    const id = `${arm.group}/providers/Microsoft.Storage/storageAccounts/v${Date.now()}`;
    const body = { location: arm.emulator.info.location, kind: "StorageV2", sku: { name: "Standard_LRS" } };
    const { headers } = await arm.call("PUT", id, { token, body });
    const { pathname, search } = new URL(String(headers["location"]));
    const poll = () => arm.call("GET", `${pathname}${search}`, { token });
    equal((await poll()).status, 200);
    await set({ pollNeedsRight: true });
    refused(await poll(), 403, "AuthorizationFailed");
    await right(["Microsoft.Storage/operations/read"]);
    equal((await poll()).status, 200);
  });

  it("nextLinkElsewhere: a list continues at another host, and at the one that was asked by its path and query", async () => {
    const account = await fresh();
    for (const name of ["one", "two"]) await arm.makeContainer(account, name);
    const list = `${account}/blobServices/default/containers?$maxpagesize=1`;
    const next = async () => new URL(String((await arm.call("GET", list)).json()["nextLink"]));
    const own = new URL(arm.emulator.info.armEndpoint);
    equal((await next()).origin, own.origin);
    await set({ nextLinkElsewhere: true });
    const { hostname, port, pathname, search } = await next();
    deepEqual([hostname, port], ["localhost", own.port]);
    const { value } = (await arm.call("GET", `${pathname}${search}`)).json<{ value: { name: string }[] }>();
    deepEqual(
      value.map(({ name }) => name),
      ["two"],
    );
  });

  it("encryptionNeedsServices: a new account whose encryption names no services, or no source of its key, is refused", async () => {
    await set({ encryptionNeedsServices: true });
    const id = `${arm.group}/providers/Microsoft.Storage/storageAccounts/v${Date.now()}`;
    const put = (encryption: object) =>
      arm.call("PUT", id, {
        body: {
          location: arm.emulator.info.location,
          kind: "StorageV2",
          sku: { name: "Standard_LRS" },
          properties: { encryption },
        },
      });
    const wish = { keySource: "Microsoft.Storage", requireInfrastructureEncryption: true };
    refused(await put(wish), 400, "MissingEncryptionService");
    const services = { blob: { enabled: true } };
    refused(await put({ services }), 400, "MissingEncryptionKeySource");
    equal((await put({ ...wish, services })).status, 202);
    await fresh();
  });

  it("containersNeedDataAction: who may write containers creates none on the data plane without a data action", async () => {
    const account = await fresh();
    const container = `/${account.split("/").at(-1)}/data?restype=container`;
    const token = await administratorToken(arm.emulator, "https://storage.azure.com/.default");
    const put = () =>
      send(arm.emulator, container, {
        method: "PUT",
        headers: { authorization: `Bearer ${token}`, "x-ms-version": "2021-12-02" },
      });
    await set({ containersNeedDataAction: true });
    const answer = await put();
    equal(answer.status, 403);
    equal(answer.headers["x-ms-error-code"], "AuthorizationPermissionMismatch");
    await set({ containersNeedDataAction: false });
    equal((await put()).status, 201);
  });

  it("premiumTierRefused: a new block blob account that states its tier is refused", async () => {
    await set({ premiumTierRefused: true });
    const id = `${arm.group}/providers/Microsoft.Storage/storageAccounts/v${Date.now()}`;
    const put = (properties: object) =>
      arm.call("PUT", id, {
        body: {
          location: arm.emulator.info.location,
          kind: "BlockBlobStorage",
          sku: { name: "Premium_LRS" },
          properties,
        },
      });
    refused(await put({ accessTier: "Premium" }), 400, "InvalidAccessTier");
    equal((await put({})).status, 202);
    await fresh();
  });
});
