// The workloads' role is changed while volumes exist: what is printed for `--role new,old`, and a controller with the same
// setting, delete what the old one opened; the old role is assigned to nobody any more.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { type App, startApp } from "../../src/app/service.ts";
import { DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { type GrantedApp, printRequests, startGrantedApp } from "../support/printed-roles.ts";
import { refused } from "../support/refused.ts";
import { createSink } from "../support/sink.ts";

const OLD = DATA_ROLE_ID;
/** Storage Blob Data Contributor. */
const NEW = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

describe("the workloads' role, once it is changed,", () => {
  let app: GrantedApp;
  let second: App | undefined;
  let volume: string;
  beforeEach(async () => {
    app = await startGrantedApp({ roles: ["--with=all"] });
    volume = (await create(app, createRequest(app.emulator))).volume_id;
    assert.deepEqual(rolesHeld(), [OLD]);
  });
  afterEach(async () => {
    await second?.stop();
    second = undefined;
    await app.stop();
  });

  /** The roles of the workloads, as Azure holds them. */
  const rolesHeld = () =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.includes("/storageAccounts/"))
      .map(({ roleDefinitionName }) => roleDefinitionName);

  /** The administrator applies what is printed, and the controller is restarted with the same setting. */
  async function change(roles: readonly string[]): Promise<void> {
    for (const { url, body } of await printRequests(app, ["--with=all", `--role=${roles.join(",")}`])) {
      const { pathname, search } = new URL(url);
      const answer = await app.asAdministrator("PUT", pathname + search, body);
      assert(answer.status === 200 || answer.status === 201, answer.text);
    }
    await (second ?? app.app).stop();
    const log = createLogger({ level: "error", format: "json", stream: createSink().stream });
    second = await startApp({ config: { ...app.config, roles }, log, cluster: app.cluster });
  }

  it("is taken from old volumes and given to new ones", async () => {
    await change([NEW, OLD]);
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.deepEqual(rolesHeld().sort(), [OLD, NEW].sort());
    await app.csi.controller("DeleteVolume", { volume_id: volume });
    assert.deepEqual(rolesHeld(), [NEW]);
    await app.csi.controller("DeleteVolume", { volume_id: id });
    assert.deepEqual(rolesHeld(), []);
    assert.deepEqual(heldContainers(app.emulator.world), []);
  });

  it("that the controller may no longer take away is named in the message, with the fix, and nothing is deleted", async () => {
    await change([NEW]);
    const details = await refused(
      app.csi.controller("DeleteVolume", { volume_id: volume }),
      status.UNAVAILABLE,
      `role ${OLD} may not be taken`,
    );
    assert(details.includes(`--role ${NEW},${OLD}`), details);
    assert.deepEqual(rolesHeld(), [OLD]);
    assert.equal(heldContainers(app.emulator.world).length, 1);
    await change([NEW, OLD]);
    await app.csi.controller("DeleteVolume", { volume_id: volume });
    assert.deepEqual([rolesHeld(), heldContainers(app.emulator.world)], [[], []]);
  });

  it("is the only one that a stolen token can assign, while both can be removed", async () => {
    await change([NEW, OLD]);
    const principalId = app.emulator.info.identities[1]?.principalId ?? "";
    const attempt = async (call: GrantedApp["asController"], role: string) => {
      const id = `${app.group}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
      const roleDefinitionId = `${app.subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
      const properties = { roleDefinitionId, principalId, principalType: "ServicePrincipal" };
      return { id, status: (await call("PUT", id, { properties })).status };
    };
    assert.equal((await attempt(app.asController, OLD)).status, 403);
    const assigned = await attempt(app.asController, NEW);
    assert.equal(assigned.status, 201);
    const former = await attempt(app.asAdministrator, OLD);
    for (const { id } of [assigned, former]) assert.equal((await app.asController("DELETE", id)).status, 200);
  });
});
