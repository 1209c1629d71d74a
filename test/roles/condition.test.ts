// What a stolen token of the controller is good for: raw calls to ARM with it, under the condition that is printed with
// the role that assigns roles.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DATA_ROLE_ID } from "../../src/backend/blob/data-role.ts";
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
  const grant = (changes: object = {}) => ({
    properties: {
      ...{ roleDefinitionId: toRole(DATA_ROLE_ID), principalId: workload, principalType: "ServicePrincipal" },
      ...changes,
    },
  });
  const refused = async (call: ReturnType<GrantedApp["asController"]>, code = "AuthorizationFailed") => {
    const answer = await call;
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, code);
  };
  const made = async (id: string, changes: object = {}) => {
    const answer = await app.asAdministrator("PUT", id, grant(changes));
    assert.equal(answer.status, 201, answer.text);
    return id;
  };

  it("gives the data role to a service principal, and takes it back", async () => {
    const id = idAt(app.group);
    assert.equal((await app.asController("PUT", id, grant())).status, 201);
    assert.equal((await app.asController("DELETE", id)).status, 200);
    assert.equal((await app.asController("DELETE", id)).status, 204, "what is gone is no refusal");
  });

  it("gives no other role, also not one that reads as much, and none of its own", async () => {
    const own = (await printRequests(app)).map(({ url }) => /roleDefinitions\/([^?]+)/.exec(url)?.[1] ?? "");
    const others = own.filter((id) => id !== "" && id !== DATA_ROLE_ID);
    assert(others.length >= 3);
    for (const role of [OWNER, BLOB_DATA_CONTRIBUTOR, BLOB_DATA_OWNER, ...others]) {
      await refused(app.asController("PUT", idAt(app.group), grant({ roleDefinitionId: toRole(role) })));
    }
  });

  it("gives nothing to users and groups, nor to a principal whose type is not said", async () => {
    for (const principalType of ["User", "Group", undefined]) {
      await refused(app.asController("PUT", idAt(app.group), grant({ principalType })));
    }
  });

  it("gives nothing to itself", async () => {
    const { controllerPrincipalId: principalId } = app;
    await refused(app.asController("PUT", idAt(app.group), grant({ principalId })));
    const upper = principalId.toUpperCase();
    await refused(app.asController("PUT", idAt(app.group), grant({ principalId: upper })));
  });

  it("gives nothing outside its resource group", async () => {
    await refused(app.asController("PUT", idAt(app.subscription), grant()));
    await refused(app.asController("PUT", idAt(`${app.subscription}/resourceGroups/other`), grant()));
  });

  it("takes away nobody else's grants: another role, a user's, its own", async () => {
    const { controllerPrincipalId: principalId } = app;
    const principal = { principalId: ADMINISTRATOR.principalId };
    await refused(
      app.asController("DELETE", await made(idAt(app.group), { roleDefinitionId: toRole(BLOB_DATA_CONTRIBUTOR) })),
    );
    await refused(app.asController("DELETE", await made(idAt(app.group), { principalId })));
    const users = await made(idAt(app.group), principal);
    const held = app.emulator.world.roleAssignments.get(users.split("/").at(-1) ?? "");
    assert(held);
    app.emulator.world.roleAssignments.set(held.name, { ...held, principalType: "User" });
    await refused(app.asController("DELETE", users));
  });

  it("cannot loosen its own condition, nor drop or widen its roles", async () => {
    const requests = await printRequests(app);
    const conditional = requests.find(({ body }) => "condition" in body.properties);
    assert(conditional);
    const { pathname, search } = new URL(conditional.url);
    const loosened = { properties: { ...conditional.body.properties, condition: undefined } };
    await refused(app.asController("PUT", pathname + search, loosened));
    await refused(app.asController("DELETE", pathname + search));
    const [role] = requests;
    assert(role);
    const definition = new URL(role.url);
    await refused(app.asController("PUT", definition.pathname + definition.search, role.body));
  });

  it("cannot add to what its own identity trusts, though it may read it, unless it manages federated credentials", async () => {
    const identity = `${app.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/keyless-controller`;
    const path = `${identity}/federatedIdentityCredentials/thief`;
    const trust = { issuer: app.emulator.issuer.issuer, subject: "system:serviceaccount:x:y", audiences: ["a"] };
    const modest = await startGrantedApp({ roles: ["--with=identities,trust"] });
    try {
      assert.equal((await modest.asController("GET", identity)).status, 200);
      await refused(modest.asController("PUT", path, { properties: trust }));
    } finally {
      await modest.stop();
    }
  });

  it("never reads a key, and its token opens no blob", async () => {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    const account = `${app.group}/providers/Microsoft.Storage/storageAccounts/${id.split("#")[1]}`;
    await refused(app.asController("POST", `${account}/listKeys`));
    await app.csi.controller("DeleteVolume", { volume_id: id });
  });

  it("with --role gives the named roles, and the default one no more", async () => {
    const named = await startGrantedApp({ roles: ["--with=all", `--role=${BLOB_DATA_CONTRIBUTOR}`] });
    try {
      const contributor = grant({ roleDefinitionId: toRole(BLOB_DATA_CONTRIBUTOR) });
      assert.equal((await named.asController("PUT", idAt(named.group), contributor)).status, 201);
      await refused(named.asController("PUT", idAt(named.group), grant()));
    } finally {
      await named.stop();
    }
  });

  it("holds when it is written again", async () => {
    for (const { url, body } of await printRequests(app, ["--with=all"])) {
      const { pathname, search } = new URL(url);
      const { status, text } = await app.asAdministrator("PUT", pathname + search, body);
      assert.equal(status, pathname.includes("/roleDefinitions/") ? 201 : 200, text);
    }
    await refused(app.asController("PUT", idAt(app.group), grant({ roleDefinitionId: toRole(OWNER) })));
  });
});
