// What a thief can do with the controller's token: raw calls to ARM, under the condition that is printed with the role that
// assigns roles.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import { ADMINISTRATOR } from "../../src/emulator/seed/seed.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { type GrantedApp, printRequests, startGrantedApp } from "../support/printed-roles.ts";

const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";

describe("the controller's right to assign roles", () => {
  let app: GrantedApp;
  let workload: string;
  before(async () => {
    app = await startGrantedApp();
    workload = app.emulator.info.identities[1]?.principalId ?? "";
  });
  after(() => app.stop());

  const idAt = (scope: string, name: string = randomUUID()) =>
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const toRole = (id: string) => `${app.subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
  const assignment = (changes: object = {}) => ({
    properties: {
      roleDefinitionId: toRole(DATA_ROLE_ID),
      principalId: workload,
      principalType: "ServicePrincipal",
      ...changes,
    },
  });
  const assertRefused = async (call: ReturnType<GrantedApp["asController"]>, code = "AuthorizationFailed") => {
    const answer = await call;
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, code);
  };
  const assign = async (id: string, changes: object = {}) => {
    const answer = await app.asAdministrator("PUT", id, assignment(changes));
    assert.equal(answer.status, 201, answer.text);
    return id;
  };

  it("assigns the data role to a service principal, and removes it again", async () => {
    const id = idAt(app.group);
    assert.equal((await app.asController("PUT", id, assignment())).status, 201);
    assert.equal((await app.asController("DELETE", id)).status, 200);
    assert.equal((await app.asController("DELETE", id)).status, 204, "deleting a missing assignment is not refused");
  });

  it("assigns no other role, not even one with the same rights, and none of its own", async () => {
    const own = (await printRequests(app)).map(({ url }) => /roleDefinitions\/([^?]+)/.exec(url)?.[1] ?? "");
    const others = own.filter((id) => id !== "" && id !== DATA_ROLE_ID);
    assert(others.length >= 3);
    for (const role of [OWNER, BLOB_DATA_CONTRIBUTOR, BLOB_DATA_OWNER, ...others]) {
      await assertRefused(app.asController("PUT", idAt(app.group), assignment({ roleDefinitionId: toRole(role) })));
    }
  });

  it("assigns nothing to users, groups or a principal of no stated type", async () => {
    for (const principalType of ["User", "Group", undefined]) {
      await assertRefused(app.asController("PUT", idAt(app.group), assignment({ principalType })));
    }
  });

  it("assigns nothing to itself", async () => {
    const { controllerPrincipalId: principalId } = app;
    await assertRefused(app.asController("PUT", idAt(app.group), assignment({ principalId })));
    const upper = principalId.toUpperCase();
    await assertRefused(app.asController("PUT", idAt(app.group), assignment({ principalId: upper })));
  });

  it("assigns nothing outside its resource group", async () => {
    await assertRefused(app.asController("PUT", idAt(app.subscription), assignment()));
    await assertRefused(app.asController("PUT", idAt(`${app.subscription}/resourceGroups/other`), assignment()));
  });

  it("removes no other role assignment: of another role, of a user, or its own", async () => {
    const { controllerPrincipalId: principalId } = app;
    const principal = { principalId: ADMINISTRATOR.principalId };
    await assertRefused(
      app.asController("DELETE", await assign(idAt(app.group), { roleDefinitionId: toRole(BLOB_DATA_CONTRIBUTOR) })),
    );
    await assertRefused(app.asController("DELETE", await assign(idAt(app.group), { principalId })));
    const users = await assign(idAt(app.group), principal);
    const held = app.emulator.world.roleAssignments.get(users.split("/").at(-1) ?? "");
    assert(held);
    app.emulator.world.roleAssignments.set(held.name, { ...held, principalType: "User" });
    await assertRefused(app.asController("DELETE", users));
  });

  it("cannot loosen its own condition, nor remove or widen its roles", async () => {
    const requests = await printRequests(app);
    const conditional = requests.find(({ body }) => "condition" in body.properties);
    assert(conditional);
    const { pathname, search } = new URL(conditional.url);
    const loosened = { properties: { ...conditional.body.properties, condition: undefined } };
    await assertRefused(app.asController("PUT", pathname + search, loosened));
    await assertRefused(app.asController("DELETE", pathname + search));
    const [role] = requests;
    assert(role);
    const definition = new URL(role.url);
    await assertRefused(app.asController("PUT", definition.pathname + definition.search, role.body));
  });

  it("cannot add a federated credential to its own identity, which it may read, unless it manages federated credentials", async () => {
    const identity = `${app.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/keyless-controller`;
    const path = `${identity}/federatedIdentityCredentials/thief`;
    const trust = { issuer: app.emulator.issuer.issuer, subject: "system:serviceaccount:x:y", audiences: ["a"] };
    const modest = await startGrantedApp({ roles: ["--with=identities,trust"] });
    try {
      assert.equal((await modest.asController("GET", identity)).status, 200);
      await assertRefused(modest.asController("PUT", path, { properties: trust }));
    } finally {
      await modest.stop();
    }
  });

  it("never reads a key", async () => {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    const account = `${app.group}/providers/Microsoft.Storage/storageAccounts/${id.split("#")[1]}`;
    await assertRefused(app.asController("POST", `${account}/listKeys`));
    await app.csi.controller("DeleteVolume", { volume_id: id });
  });

  it("with --role assigns the named roles, and no longer the default one", async () => {
    const named = await startGrantedApp({ roles: ["--with=all", `--role=${BLOB_DATA_CONTRIBUTOR}`] });
    try {
      const contributor = assignment({ roleDefinitionId: toRole(BLOB_DATA_CONTRIBUTOR) });
      assert.equal((await named.asController("PUT", idAt(named.group), contributor)).status, 201);
      await assertRefused(named.asController("PUT", idAt(named.group), assignment()));
    } finally {
      await named.stop();
    }
  });

  it("is unchanged after the printed roles are applied again", async () => {
    for (const { url, body } of await printRequests(app, ["--with=all"])) {
      const { pathname, search } = new URL(url);
      const { status, text } = await app.asAdministrator("PUT", pathname + search, body);
      assert.equal(status, pathname.includes("/roleDefinitions/") ? 201 : 200, text);
    }
    await assertRefused(app.asController("PUT", idAt(app.group), assignment({ roleDefinitionId: toRole(OWNER) })));
  });
});
