// What a thief of the controller's token could still do under the printed roles, and that `--with policies` and
// `--principals` end it: raw calls to ARM as the controller, and the controller itself at work under both.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import { ADMINISTRATOR, WORKLOADS } from "../../src/emulator/seed/seed.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { send } from "../support/emulator-client.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { FEATURES, FLAGS, useVolume } from "./features.ts";

const ACCOUNTS = "providers/Microsoft.Storage/storageAccounts";
const [SHARED_KEYS, ANONYMOUS] = ["keyless-csi-no-shared-keys", "keyless-csi-no-anonymous-access"];

describe("a stolen token of the controller", () => {
  let app: GrantedApp;
  afterEach(() => app.stop());

  /** A volume of the first workload with a file in it, and where ARM has it. */
  async function fill() {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    const [, name = "", container = ""] = id.split("#");
    await useVolume(app, id);
    const held = app.emulator.world.accounts.get(name) ?? assert.fail("no account");
    const account = `${app.group}/${ACCOUNTS}/${name}`;
    return { id, account, held, container: `${account}/blobServices/default/containers/${container}` };
  }
  const anonymously = (id: string) => {
    const [, account, container] = id.split("#");
    const headers = { "x-ms-version": "2023-11-03" };
    return send(app.emulator, `/${account}/${container}?restype=container&comp=list`, { headers });
  };
  const change = (path: string, properties: object) => app.asController("PATCH", path, { properties });
  const assertDenied = async (call: ReturnType<GrantedApp["asController"]>, policy: string | undefined) => {
    const answer = await call;
    assert.equal(answer.status, 403, answer.text);
    const { error } = answer.json<{ error: { code: string; message: string } }>();
    assert.equal(error.code, "RequestDisallowedByPolicy");
    assert(error.message.includes(`/policyAssignments/${policy}`), error.message);
  };

  it("without policies can turn anonymous access and keys on, and read every volume without signing in", async () => {
    app = await startGrantedApp();
    const { id, account, container } = await fill();
    assert.notEqual((await anonymously(id)).status, 200);
    assert.equal((await change(account, { allowBlobPublicAccess: true })).status, 200);
    assert.equal((await change(container, { publicAccess: "Container" })).status, 200);
    assert.equal((await anonymously(id)).status, 200);
    assert.equal((await change(account, { allowSharedKeyAccess: true })).status, 200);
  });

  it("under both policies is refused each of these, also by null, by PUT and for a new account, and nothing changes", async () => {
    app = await startGrantedApp({ roles: ["--with=all,policies"] });
    const { id, account, held, container } = await fill();
    const before = structuredClone(held);
    for (const value of [true, null]) {
      await assertDenied(change(account, { allowBlobPublicAccess: value }), ANONYMOUS);
      await assertDenied(change(account, { allowSharedKeyAccess: value }), SHARED_KEYS);
    }
    const { kind, sku, location } = held;
    const put = (path: string, properties: object) =>
      app.asController("PUT", path, { kind, sku: { name: sku.name }, location, properties });
    await assertDenied(put(account, { allowSharedKeyAccess: true }), SHARED_KEYS);
    const fresh = `${app.group}/${ACCOUNTS}/klthief0000000000000000`;
    await assertDenied(put(fresh, {}), SHARED_KEYS);
    await assertDenied(put(fresh, { allowSharedKeyAccess: false, allowBlobPublicAccess: true }), ANONYMOUS);
    const opened = await change(container, { publicAccess: "Container" });
    assert.deepEqual(
      [opened.status, opened.json<{ error: { code: string } }>().error.code],
      [409, "PublicAccessNotPermitted"],
    );
    assert.notEqual((await anonymously(id)).status, 200);
    assert.deepEqual(held, before);
    assert.equal(app.emulator.world.accounts.size, 1);
  });

  it("cannot remove or soften the policies", async () => {
    app = await startGrantedApp({ roles: ["--with=all,policies"] });
    const policies = structuredClone([...app.emulator.world.policies.values()]);
    assert.equal(policies.length, 2);
    for (const { id } of policies) {
      const path = `${id}?api-version=2022-06-01`;
      assert.equal((await app.asController("PUT", path, { properties: {} })).status, 403);
      assert.equal((await app.asController("DELETE", path)).status, 403);
    }
    assert.deepEqual([...app.emulator.world.policies.values()], policies);
  });

  for (const [name, feature] of Object.entries(FEATURES)) {
    it(`under both policies leaves the controller its feature: ${name}`, async () => {
      app = await startGrantedApp({ flags: FLAGS, roles: ["--with=all,policies"] });
      await feature(app);
    });
  }

  it("under both policies leaves --repair-drift the repair of what was opened before them", async () => {
    app = await startGrantedApp({ flags: FLAGS, roles: ["--with=all,policies"] });
    const { held } = await fill();
    Object.assign(held.properties, { allowSharedKeyAccess: true, allowBlobPublicAccess: true });
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.equal(id.split("#")[1], held.name);
    const { allowSharedKeyAccess, allowBlobPublicAccess } = held.properties;
    assert.deepEqual([allowSharedKeyAccess, allowBlobPublicAccess], [false, false]);
  });

  it("is not the only one that the policies stop: an account of others with keys cannot be changed any more", async () => {
    app = await startGrantedApp({ roles: ["--with=policies"] });
    const { account, held } = await fill();
    Object.assign(held.properties, { allowSharedKeyAccess: true });
    await assertDenied(app.asAdministrator("PATCH", account, { tags: { owner: "others" } }), SHARED_KEYS);
  });

  describe("with --principals", () => {
    const listed = () => app.emulator.info.identities[0]?.principalId ?? "";
    const unlisted = () => app.emulator.info.identities[1]?.principalId ?? "";
    const idAt = (scope: string) => `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const assignment = (principalId: string) => ({
      properties: {
        roleDefinitionId: `${app.subscription}/providers/Microsoft.Authorization/roleDefinitions/${DATA_ROLE_ID}`,
        principalId,
        principalType: "ServicePrincipal",
      },
    });
    beforeEach(async () => {
      app = await startGrantedApp({ roles: ["--with=all", `--principals=${WORKLOADS[0]?.principalId}`] });
    });

    it("gives access to listed principals, and removes it", async () => {
      const { id } = await fill();
      assert(heldRoleAssignments(app.emulator.world).some(({ principalId }) => principalId === listed()));
      await app.csi.controller("DeleteVolume", { volume_id: id });
      assert.deepEqual(heldContainers(app.emulator.world), []);
      const assigned = await app.asController("PUT", idAt(app.group), assignment(listed()));
      assert.equal(assigned.status, 201, assigned.text);
    });

    it("gives nothing to another principal, neither at the resource group nor by a volume, and removes nothing of it", async () => {
      for (const principal of [unlisted(), ADMINISTRATOR.principalId, app.controllerPrincipalId]) {
        const answer = await app.asController("PUT", idAt(app.group), assignment(principal));
        assert.equal(answer.status, 403, answer.text);
      }
      const clientID = app.emulator.info.identities[1]?.clientId ?? "";
      await assert.rejects(create(app, createRequest(app.emulator, { clientID })), (error: { code: status }) => {
        assert.equal(status[error.code], "UNAVAILABLE");
        return true;
      });
      assert(!heldRoleAssignments(app.emulator.world).some(({ principalId }) => principalId === unlisted()));
      const others = idAt(app.group);
      assert.equal((await app.asAdministrator("PUT", others, assignment(unlisted()))).status, 201);
      assert.equal((await app.asController("DELETE", others)).status, 403);
    });
  });
});
