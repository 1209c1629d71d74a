import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Arm, collect, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";

describe("the emulator's role assignments", () => {
  let arm: Arm;
  let account: string;
  let container: string;
  before(async () => {
    arm = await startArm();
    account = await arm.makeAccount("roles1");
    container = await arm.makeContainer(account, "one");
  });
  after(() => arm.close());

  const workload = (index = 0) => arm.emulator.info.identities[index]?.principalId ?? "";
  const roleId = (name = BLOB_CONTRIBUTOR) =>
    `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
  const idAt = (scope: string, name: string) => `${scope}/providers/${ASSIGNMENTS}/${name}`;
  const wish = (change: object = {}) => ({
    properties: { roleDefinitionId: roleId(), principalId: workload(), principalType: "ServicePrincipal", ...change },
  });
  const put = (scope: string, name: string, change: object = {}, token?: string) =>
    arm.call("PUT", idAt(scope, name), { body: wish(change), ...(token === undefined ? {} : { token }) });
  const fresh = async (): Promise<string> => arm.makeContainer(account, `box-${crypto.randomUUID()}`);
  const guid = () => crypto.randomUUID();

  it("are created, read, listed and deleted by the SDK unchanged, at a container's scope", async () => {
    const { roleAssignments } = arm.authorization;
    const name = guid();
    const made = await roleAssignments.create(container, name, {
      roleDefinitionId: roleId(),
      principalId: workload(),
      principalType: "ServicePrincipal",
      description: "for a test",
    });
    deepEqual([made.name, made.scope, made.description], [name, container, "for a test"]);
    equal(made.id, idAt(container, name));
    equal((await roleAssignments.get(container, name)).principalId, workload());
    equal((await roleAssignments.getById(idAt(container, name))).name, name);
    const found = await collect(roleAssignments.listForScope(container, { filter: "atScope()" }));
    ok(found.some((each) => each.name === name));
    await roleAssignments.delete(container, name);
    refused(await arm.call("GET", idAt(container, name)), 404, "RoleAssignmentNotFound");
    equal((await arm.call("DELETE", idAt(container, name))).status, 204);
  });

  it("answer 201 first, 200 to the same again, and change nothing but description and condition", async () => {
    const [scope, name] = [await fresh(), guid()];
    equal((await put(scope, name)).status, 201);
    equal((await put(scope, name, { description: "later" })).status, 200);
    equal(arm.emulator.world.roleAssignments.get(name)?.description, "later");
    for (const change of [{ principalId: workload(1) }, { roleDefinitionId: roleId(READER) }]) {
      refused(await put(scope, name, change), 400, "RoleAssignmentUpdateNotPermitted");
    }
    refused(await put(container, name), 400, "RoleAssignmentUpdateNotPermitted");
  });

  it("are unique by scope, principal and role: the conflict names the other one without dashes", async () => {
    const [scope, name] = [await fresh(), guid()];
    equal((await put(scope, name)).status, 201);
    const message = refused(await put(scope, guid()), 409, "RoleAssignmentExists");
    match(message, new RegExp(`The ID of the existing role assignment is ${name.replaceAll("-", "")}\\.$`));
  });

  it("refuse a name or a principal that is not a GUID, an unknown role, and a body without them", async () => {
    const scope = await fresh();
    refused(await put(scope, "not-a-guid"), 400, "InvalidRoleAssignmentId");
    refused(await put(scope, guid(), { principalId: "me" }), 400, "InvalidPrincipalId");
    refused(await put(scope, guid(), { roleDefinitionId: roleId(guid()) }), 404, "RoleDefinitionDoesNotExist");
    refused(await arm.call("PUT", idAt(scope, guid()), { body: { properties: {} } }), 400, "BadRequestFormat");
    refused(await put(scope, guid(), { scope: arm.group }), 400, "InvalidCreateRoleAssignmentRequest");
  });

  it("refuse an unknown principal unless its type is sent, and a type that it does not have", async () => {
    const [scope, stranger] = [await fresh(), guid()];
    const message = refused(
      await put(scope, guid(), { principalId: stranger, principalType: undefined }),
      400,
      "PrincipalNotFound",
    );
    match(message, /^Principal [0-9a-f]{32} does not exist in the directory/);
    equal((await put(scope, guid(), { principalId: stranger })).status, 201);
    refused(await put(scope, guid(), { principalType: "User" }), 400, "UnmatchedPrincipalType");
    equal((await put(scope, guid(), { principalType: undefined })).status, 201);
  });

  it("accept a new principal without its type only when it has replicated", async () => {
    const slow = await startArm({ settings: { principalReplicationMs: 60_000 } });
    try {
      const { identity } = await slow.makeCaller("newcomer");
      const body = { properties: { roleDefinitionId: roleId(READER), principalId: identity.principalId } };
      refused(await slow.call("PUT", idAt(slow.group, guid()), { body }), 400, "PrincipalNotFound");
      slow.emulator.clock.advance(60_000);
      equal((await slow.call("PUT", idAt(slow.group, guid()), { body })).status, 201);
    } finally {
      await slow.close();
    }
  });

  it("need their storage account to exist, and outlive it: a re-created scope has them again", async () => {
    const gone = `${arm.group}/providers/Microsoft.Storage/storageAccounts/never1`;
    refused(await put(gone, guid()), 404, "ResourceNotFound");
    const scope = await arm.makeAccount("phoenix1");
    const name = guid();
    equal((await put(scope, name)).status, 201);
    equal((await arm.call("DELETE", scope)).status, 200);
    await arm.makeAccount("phoenix1");
    equal((await arm.call("GET", idAt(scope, name))).status, 200);
  });

  it("are limited in each subscription by the settings", async () => {
    const small = await startArm({ settings: { roleAssignmentsPerSubscription: 5 } });
    try {
      ok(small.emulator.world.roleAssignments.size < 5);
      while (small.emulator.world.roleAssignments.size < 5) {
        await small.grant(small.group, READER, guid());
      }
      refused(await small.call("PUT", idAt(small.group, guid()), { body: wish() }), 400, "RoleAssignmentLimitExceeded");
    } finally {
      await small.close();
    }
  });

  it("are listed at, above and below a scope, and narrowed by filters", async () => {
    const [scope, principal] = [await fresh(), guid()];
    const names = { here: guid(), above: guid(), beside: guid() };
    await put(scope, names.here, { principalId: principal });
    await put(arm.group, names.above, { principalId: principal });
    await put(await fresh(), names.beside, { principalId: principal });
    const list = async (at: string, filter?: string) => {
      const query = filter === undefined ? "" : `?$filter=${encodeURIComponent(filter)}`;
      const answer = await arm.call("GET", `${at}/providers/${ASSIGNMENTS}${query}`);
      const wanted = Object.entries(names);
      const found = answer.json<{ value: { name: string }[] }>().value.map((each) => each.name);
      return wanted.filter(([, name]) => found.includes(name)).map(([label]) => label);
    };
    deepEqual(await list(scope), ["here", "above"]);
    deepEqual(await list(account), ["here", "above", "beside"]);
    deepEqual(await list(account, "atScope()"), ["above"]);
    deepEqual(await list(arm.subscription, `principalId eq '${principal}'`), ["here", "above", "beside"]);
    deepEqual(await list(scope, `atScope() and principalId eq '${principal}'`), ["here", "above"]);
    deepEqual(await list(scope, `assignedTo('${guid()}')`), []);
    const odd = `${arm.subscription}/providers/${ASSIGNMENTS}?$filter=${encodeURIComponent("name eq 'x'")}`;
    refused(await arm.call("GET", odd), 400, "UnsupportedQuery");
  });

  it("refuse a condition that is not version 2.0 or does not follow the grammar", async () => {
    const scope = await fresh();
    const condition = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'x'";
    const code = "InvalidRoleAssignmentCondition";
    refused(await put(scope, guid(), { condition, conditionVersion: "1.0" }), 400, code);
    refused(await put(scope, guid(), { condition: "whatever", conditionVersion: "2.0" }), 400, code);
    refused(await put(scope, guid(), { condition: "x".repeat(9000), conditionVersion: "2.0" }), 400, code);
    equal((await put(scope, guid(), { condition, conditionVersion: "2.0" })).status, 201);
  });

  it("name their role by an ARM id: of the tenant, or at their own subscription or in it", async () => {
    const at = "/providers/Microsoft.Authorization/roleDefinitions";
    for (const scope of ["", arm.subscription, arm.group, arm.subscription.toUpperCase()])
      equal(
        (await put(await fresh(), guid(), { roleDefinitionId: `${scope}${at}/${BLOB_CONTRIBUTOR}` })).status,
        201,
        scope,
      );
    const box = await fresh();
    for (const roleDefinitionId of [
      BLOB_CONTRIBUTOR,
      `/subscriptions/${guid()}${at}/${BLOB_CONTRIBUTOR}`,
      `${arm.subscription}${at}/Storage Blob Data Contributor`,
      `${arm.subscription}${at}/`,
      `${arm.subscription}/roleDefinitions/${BLOB_CONTRIBUTOR}`,
      `${arm.subscription}${at}/${BLOB_CONTRIBUTOR}/x`,
      `/subscriptions${at}/${BLOB_CONTRIBUTOR}`,
    ])
      refused(await put(box, guid(), { roleDefinitionId }), 400, "BadRequestFormat");
    const held = [...arm.emulator.world.roleAssignments.values()].filter(({ scope }) => scope === box);
    deepEqual(held, []);
  });

  it("above all subscriptions may name their role at any one", async () => {
    const { world } = arm.emulator;
    const administrator = [...world.principals.values()].find(({ displayName }) => displayName === "administrator");
    const owner = [...world.roleAssignments.values()].find(({ principalId }) => principalId === administrator?.id);
    ok(owner !== undefined);
    world.roleAssignments.set("root", { ...owner, name: "root", scope: "" });
    const name = guid();
    equal((await put("", name)).status, 201);
    equal(world.roleAssignments.get(name)?.scope, "");
    world.roleAssignments.delete("root");
  });

  it("have version 2.0 of a condition by default, and lose what a PUT leaves out", async () => {
    const [scope, name] = [await fresh(), guid()];
    const condition = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'x'";
    const held = () => {
      const found = arm.emulator.world.roleAssignments.get(name);
      return [found?.condition, found?.conditionVersion, found?.description];
    };
    equal((await put(scope, name, { condition, description: "d" })).status, 201);
    deepEqual(held(), [condition, "2.0", "d"]);
    equal((await put(scope, name, { condition: "", conditionVersion: "", description: "d" })).status, 200);
    deepEqual(held(), [undefined, undefined, "d"]);
    equal((await put(scope, name, { condition, conditionVersion: "2.0" })).status, 200);
    deepEqual(held(), [condition, "2.0", undefined]);
    equal((await put(scope, name, { condition: null, conditionVersion: null })).status, 200);
    deepEqual(held(), [undefined, undefined, undefined]);
    refused(await put(scope, name, { principalType: "Robot" }), 400, "InvalidPrincipalType");
  });

  it("are written and deleted by a delegate only within the delegate's own condition", async () => {
    const { identity, token } = await arm.makeCaller("delegate");
    const clause = (source: string) =>
      `@${source}[${ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${BLOB_CONTRIBUTOR}} AND ` +
      `@${source}[${ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`;
    const rule = (verb: string, source: string) =>
      `((!(ActionMatches{'${ASSIGNMENTS}/${verb}'})) OR (${clause(source)}))`;
    const condition = `${rule("write", "Request")} AND ${rule("delete", "Resource")}`;
    await arm.grant(arm.group, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", identity.principalId, {
      condition,
      conditionVersion: "2.0",
    });
    const [scope, name, forbidden] = [await fresh(), guid(), guid()];
    const message = refused(
      await put(scope, guid(), { roleDefinitionId: roleId(READER) }, token),
      403,
      "AuthorizationFailed",
    );
    match(message, /does not have authorization or an ABAC condition not fulfilled to perform action/);
    refused(await put(scope, guid(), { principalType: undefined }, token), 403, "AuthorizationFailed");
    equal((await put(scope, name, {}, token)).status, 201);
    equal((await put(scope, forbidden, { roleDefinitionId: roleId(READER) })).status, 201);
    refused(await arm.call("DELETE", idAt(scope, forbidden), { token }), 403, "AuthorizationFailed");
    equal((await arm.call("DELETE", idAt(scope, name), { token })).status, 200);
    equal((await arm.call("DELETE", idAt(scope, name), { token })).status, 204);
  });

  it("take time to be honoured, and to be honoured no longer", async () => {
    const slow = await startArm({ settings: { propagationGrantMs: 60_000, propagationRemovalMs: 300_000 } });
    try {
      const { identity, token } = await slow.makeCaller("waiting");
      const id = await slow.grant(slow.group, READER, identity.principalId);
      const list = `${slow.group}/providers/Microsoft.Storage/storageAccounts`;
      refused(await slow.call("GET", list, { token }), 403, "AuthorizationFailed");
      slow.emulator.clock.advance(60_000);
      equal((await slow.call("GET", list, { token })).status, 200);
      equal((await slow.call("DELETE", id)).status, 200);
      refused(await slow.call("GET", id), 404, "RoleAssignmentNotFound");
      slow.emulator.clock.advance(240_000);
      equal((await slow.call("GET", list, { token })).status, 200);
      slow.emulator.clock.advance(60_000);
      refused(await slow.call("GET", list, { token }), 403, "AuthorizationFailed");
    } finally {
      await slow.close();
    }
  });
});

describe("the emulator's role definitions", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const ROLES = "/providers/Microsoft.Authorization/roleDefinitions";
  const definition = (change: object = {}) => ({
    properties: {
      roleName: `role ${crypto.randomUUID()}`,
      description: "",
      assignableScopes: [arm.subscription],
      permissions: [{ actions: ["Microsoft.Storage/storageAccounts/read"], notActions: [] }],
      ...change,
    },
  });
  const put = (name: string, change: object = {}, token?: string) =>
    arm.call("PUT", `${arm.subscription}${ROLES}/${name}`, {
      body: definition(change),
      ...(token === undefined ? {} : { token }),
    });

  it("are found by name with the SDK unchanged", async () => {
    const filter = "roleName eq 'Storage Blob Data Contributor'";
    const [found, ...more] = await collect(arm.authorization.roleDefinitions.list(arm.subscription, { filter }));
    deepEqual([found?.name, more.length], [BLOB_CONTRIBUTOR, 0]);
    equal(found?.roleType, "BuiltInRole");
    const custom = await collect(
      arm.authorization.roleDefinitions.list(arm.subscription, { filter: "type eq 'CustomRole'" }),
    );
    ok(custom.length > 0 && custom.every((each) => each.roleType === "CustomRole"));
  });

  it("are created, assigned, and deleted only when no assignment uses them", async () => {
    const [name, principal] = [crypto.randomUUID(), crypto.randomUUID()];
    equal((await put(name)).status, 201);
    const assignment = await arm.grant(arm.group, name, principal);
    const path = `${arm.subscription}${ROLES}/${name}`;
    refused(await arm.call("DELETE", path), 400, "RoleDefinitionHasAssignments");
    equal((await arm.call("DELETE", assignment)).status, 200);
    equal((await arm.call("DELETE", path)).status, 200);
    equal((await arm.call("DELETE", path)).status, 204);
    refused(await arm.call("GET", path), 404, "RoleDefinitionDoesNotExist");
  });

  it("refuse a duplicate name, an invalid scope, an invalid action, and a change of a built-in role", async () => {
    const roleName = "only one";
    equal((await put(crypto.randomUUID(), { roleName })).status, 201);
    refused(await put(crypto.randomUUID(), { roleName }), 409, "RoleDefinitionWithSameNameExists");
    refused(await put(crypto.randomUUID(), { assignableScopes: ["everywhere"] }), 400, "LinkedInvalidPropertyId");
    refused(await put(crypto.randomUUID(), { permissions: [{ actions: ["read"] }] }), 400, "InvalidActionOrNotAction");
    refused(await put("no-guid"), 400, "InvalidRoleDefinitionId");
    refused(await put(READER), 400, "RoleDefinitionBuiltInUpdateNotPermitted");
  });

  it("name only actions that a provider has, each in its own half", async () => {
    const permission = (key: string, action: string) => ({ permissions: [{ actions: [], [key]: [action] }] });
    const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    for (const [key, action] of [
      ["actions", "Microsoft.Storage/storageAccounts/blobServices/containers/read"],
      ["actions", "microsoft.storage/STORAGEACCOUNTS/listKeys/action"],
      ["actions", "Microsoft.Storage/*/read"],
      ["notActions", "Microsoft.Authorization/*/Write"],
      ["actions", "*/read"],
      ["actions", "*"],
      ["actions", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"],
      ["actions", "Microsoft.Network/virtualNetworks/subnets/join/action"],
      ["actions", "Oracle.Database/*/read"],
      ["dataActions", `${blobs}/move/action`],
      ["notDataActions", `${blobs}/*`],
    ] as const)
      equal((await put(crypto.randomUUID(), permission(key, action))).status, 201, action);
    const before = arm.emulator.world.roleDefinitions.size;
    for (const [key, action] of [
      ["actions", "Microsoft.Storage/storageAccounts/reed"],
      ["actions", "Microsoft.Storage/storageAccounts/write/action"],
      ["actions", `${blobs}/read`],
      ["notActions", "Microsoft.Storage/*/fetch"],
      ["actions", "Contoso.Storage/storageAccounts/read"],
      ["actions", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredential/read"],
    ] as const)
      refused(await put(crypto.randomUUID(), permission(key, action)), 400, "InvalidActionOrNotAction");
    for (const [key, action] of [
      ["dataActions", "Microsoft.Storage/storageAccounts/blobServices/containers/read"],
      ["dataActions", `${blobs}/lease/action`],
      ["notDataActions", "Microsoft.ManagedIdentity/*"],
    ] as const)
      refused(await put(crypto.randomUUID(), permission(key, action)), 400, "InvalidDataActionOrNotDataAction");
    equal(arm.emulator.world.roleDefinitions.size, before);
  });

  it("are assigned at their assignable scopes and below, and nowhere else", async () => {
    const [name, principalId] = [crypto.randomUUID(), crypto.randomUUID()];
    equal((await put(name, { assignableScopes: [arm.group] })).status, 201);
    const roleDefinitionId = `${arm.subscription}${ROLES}/${name}`;
    const body = { properties: { roleDefinitionId, principalId, principalType: "ServicePrincipal" } };
    const assign = (scope: string) =>
      arm.call("PUT", `${scope}/providers/${ASSIGNMENTS}/${crypto.randomUUID()}`, { body });
    const other = `${arm.subscription}/resourceGroups/roles-elsewhere`;
    equal((await arm.call("PUT", `${other}?api-version=2021-04-01`, { body: { location: "westeurope" } })).status, 201);
    for (const scope of [arm.subscription, other]) {
      const message = refused(await assign(scope), 400, "RoleAssignmentScopeNotAssignableToRoleDefinition");
      match(message, /^The role role .* is not available for assignment at the requested scope\.$/);
    }
    equal((await assign(arm.group)).status, 201);
    equal((await assign(await arm.makeAccount("assignable1"))).status, 201);
  });

  it("keep a scope in which they are assigned, and are changed and deleted only with a right on all scopes", async () => {
    const name = crypto.randomUUID();
    const roleName = `kept ${name}`;
    equal((await put(name, { roleName, assignableScopes: [arm.group, arm.subscription] })).status, 201);
    const assignment = await arm.grant(arm.subscription, name, crypto.randomUUID());
    const narrowed = { roleName, assignableScopes: [arm.group] };
    refused(await put(name, narrowed), 400, "RoleScopeBeingRemovedContainsAssignments");
    const { identity, token } = await arm.makeCaller("narrow");
    await arm.grant(arm.group, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", identity.principalId);
    const path = `${arm.group}${ROLES}/${name}`;
    refused(await arm.call("PUT", path, { body: definition(narrowed), token }), 403, "LinkedAuthorizationFailed");
    refused(await arm.call("DELETE", path, { token }), 403, "LinkedAuthorizationFailed");
    const scopes = () => arm.emulator.world.roleDefinitions.get(name)?.assignableScopes;
    deepEqual(scopes(), [arm.group, arm.subscription]);
    equal((await arm.call("DELETE", assignment)).status, 200);
    equal((await put(name, narrowed)).status, 201);
    deepEqual(scopes(), [arm.group]);
  });

  it("have a name, a description, a type and scopes within Azure's limits", async () => {
    const group = "/providers/Microsoft.Management/managementGroups";
    for (const change of [
      { roleName: " " },
      { roleName: "n".repeat(513) },
      { description: "d".repeat(2049) },
      { type: "BuiltInRole" },
      { assignableScopes: [] },
      { assignableScopes: [`${group}/a`, `${group}/b`] },
      { permissions: [] },
    ])
      refused(await put(crypto.randomUUID(), change), 400, "RoleDefinitionInvalid");
  });

  it("need a right on every scope that they can be assigned at", async () => {
    const { identity, token } = await arm.makeCaller("author");
    await arm.grant(arm.group, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", identity.principalId);
    await arm.grant(arm.group, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", identity.principalId);
    const path = `${arm.group}${ROLES}/${crypto.randomUUID()}`;
    refused(await arm.call("PUT", path, { body: definition(), token }), 403, "LinkedAuthorizationFailed");
    const own = definition({ assignableScopes: [arm.group] });
    equal((await arm.call("PUT", path, { body: own, token })).status, 201);
  });

  it("are shown to their principal as permissions", async () => {
    const { identity, token } = await arm.makeCaller("curious");
    const path = `${arm.group}/providers/Microsoft.Authorization/permissions`;
    refused(await arm.call("GET", path, { token }), 403, "AuthorizationFailed");
    await arm.grant(arm.group, READER, identity.principalId);
    const [permission] = (await arm.call("GET", path, { token })).json<{ value: { actions: string[] }[] }>().value;
    deepEqual(permission?.actions, ["*/read"]);
  });
});
