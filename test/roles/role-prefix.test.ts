// Roles by prefix: two teams of a tenant do not meet, and an installation of before there were prefixes goes on as it was until
// `keyless-csi roles` is applied again.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { type App, startApp } from "../../src/app/service.ts";
import { dataRoleId } from "../../src/backend/blob/data-role.ts";
import type { ControllerConfig } from "../../src/config/controller.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { type GrantedApp, printRequests, printRoles, startGrantedApp } from "../support/printed-roles.ts";
import { refused } from "../support/refused.ts";
import { createSink } from "../support/sink.ts";

describe("an installation of version 0.1, whose roles have no prefix,", () => {
  let app: GrantedApp;
  let second: App | undefined;
  beforeEach(async () => {
    app = await startGrantedApp({ roles: ["--with=all", "--role-prefix="] });
  });
  afterEach(async () => {
    await second?.stop();
    second = undefined;
    await app.stop();
  });

  const earlier = dataRoleId("");
  const own = () => dataRoleId(app.emulator.info.subscriptionId);
  /** The roles of the workloads, as Azure holds them. */
  const rolesHeld = () =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.includes("/storageAccounts/"))
      .map(({ roleDefinitionName }) => roleDefinitionName)
      .sort();
  async function apply(...flags: string[]): Promise<void> {
    for (const { url, body } of await printRequests(app, ["--with=all", ...flags])) {
      const { pathname, search } = new URL(url);
      const answer = await app.asAdministrator("PUT", pathname + search, body);
      assert(answer.status === 200 || answer.status === 201, answer.text);
    }
  }
  async function restart(changes: Partial<ControllerConfig> = {}): Promise<void> {
    await (second ?? app.app).stop();
    const log = createLogger({ level: "error", format: "json", stream: createSink().stream });
    second = await startApp({ config: { ...app.config, ...changes }, log, cluster: app.cluster });
  }
  const remove = (volume_id: string) => app.csi.controller("DeleteVolume", { volume_id });

  it("creates and deletes volumes after an upgrade without a flag, with the role that it has", async () => {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.deepEqual(rolesHeld(), [earlier]);
    await remove(id);
    assert.deepEqual([rolesHeld(), heldContainers(app.emulator.world)], [[], []]);
  });

  it("assigns the role of the subscription once that is applied; volumes keep theirs, and all are deleted", async () => {
    const request = createRequest(app.emulator);
    const { volume_id: first } = await create(app, request);
    await apply();
    await restart();
    const { volume_id: next } = await create(app, createRequest(app.emulator));
    assert.deepEqual(rolesHeld(), [earlier, own()].sort());
    assert.equal((await create(app, request)).volume_id, first);
    assert.deepEqual(rolesHeld(), [earlier, own()].sort(), "a repeated call adds no second role");
    for (const id of [first, next]) await remove(id);
    assert.deepEqual([rolesHeld(), heldContainers(app.emulator.world)], [[], []]);
  });

  it("deletes a volume of the earlier role although no list shows its assignment yet", async () => {
    Object.assign(app.emulator.services.settings, { assignmentListLagMs: 600_000 });
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    await remove(id);
    assert.deepEqual([rolesHeld(), heldContainers(app.emulator.world)], [[], []]);
  });

  it("keeps its roles for good with an empty prefix, also after others were applied", async () => {
    await apply("--role-prefix=");
    await apply();
    await restart({ rolePrefix: "" });
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.deepEqual(rolesHeld(), [earlier]);
    await remove(id);
    assert.deepEqual(rolesHeld(), []);
  });

  it("is refused before the first write with a prefix whose roles are not applied: the message has the command", async () => {
    await restart({ rolePrefix: "team-a" });
    const details = await refused(
      create(app, createRequest(app.emulator)),
      status.UNAVAILABLE, // in the first ten minutes: what was just applied may not be known everywhere
      new RegExp(`role ${dataRoleId("team-a")} does not exist in subscription .*RoleDefinitionDoesNotExist`),
    );
    assert(details.includes("`keyless-csi roles --role-prefix=team-a`"), details);
    const { accounts, containers } = app.emulator.world;
    assert.deepEqual([accounts.size, containers.size], [0, 0]);
    await apply("--role-prefix=team-a");
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.deepEqual(rolesHeld(), [dataRoleId("team-a")]);
    await remove(id);
  });
});

describe("two platform teams of a tenant, each Owner of its own subscription,", () => {
  let arm: Arm;
  const OTHER = "6e2d1f8b-47c3-4a1e-8f95-8bc4d3e2f113";
  let teams: { subscriptionId: string; token: string; principalId: string }[];
  beforeEach(async () => {
    arm = await startArm();
    const { world, info } = arm.emulator;
    const own = world.subscriptions.get(info.subscriptionId);
    assert(own);
    world.subscriptions.set(OTHER, { ...own, id: OTHER, displayName: "Other" });
    const id = `/subscriptions/${OTHER}/resourceGroups/data`;
    world.resourceGroups.set(id.toLowerCase(), {
      id,
      name: "data",
      subscriptionId: OTHER,
      location: "westeurope",
      tags: {},
    });
    teams = [];
    for (const [name, subscriptionId] of [
      ["team-a", info.subscriptionId],
      ["team-b", OTHER],
    ] as const) {
      const { identity, token } = await arm.makeCaller(name);
      const { principalId } = identity;
      const role = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
      const assigned = {
        roleDefinitionName: role,
        principalId,
        principalType: "ServicePrincipal",
        createdAt: 0,
        effectiveFrom: 0,
      };
      const assignment = { ...assigned, name: crypto.randomUUID(), scope: `/subscriptions/${subscriptionId}` };
      world.roleAssignments.set(assignment.name, { ...assignment, tenantId: identity.tenantId });
      teams.push({ subscriptionId, token, principalId });
    }
  });
  afterEach(() => arm.close());

  /** The codes that Azure answers, for one team's script. */
  async function applyFor(team: (typeof teams)[number] | undefined, ...flags: string[]): Promise<string[]> {
    assert(team);
    const group = team.subscriptionId === OTHER ? "data" : arm.emulator.info.resourceGroup;
    const scope = [`--subscription-id=${team.subscriptionId}`, `--resource-group=${group}`];
    const target = [`--principal-id=${crypto.randomUUID()}`, "--output=json"];
    const codes: string[] = [];
    for (const { url, body } of JSON.parse(await printRoles([...scope, ...target, ...flags]))) {
      const { pathname, search } = new URL(url);
      const answer = await arm.call("PUT", pathname + search, { body, token: team.token });
      codes.push(answer.status < 300 ? "done" : answer.json<{ error: { code: string } }>().error.code);
    }
    return codes;
  }

  it("do not meet: each has its roles, and both may apply theirs again", async () => {
    for (const team of [...teams, ...teams]) assert.deepEqual(new Set(await applyFor(team)), new Set(["done"]));
    const { roleDefinitions } = arm.emulator.world;
    for (const { subscriptionId } of teams) {
      const role = roleDefinitions.get(dataRoleId(subscriptionId));
      assert.deepEqual(role?.assignableScopes, [`/subscriptions/${subscriptionId}`]);
      assert.equal(role?.roleName, `${subscriptionId} keyless-csi Blob Data`);
    }
  });

  it("would have met without prefixes: the second may not write the role of the first", async () => {
    assert.deepEqual(new Set(await applyFor(teams[0], "--role-prefix=")), new Set(["done"]));
    const codes = await applyFor(teams[1], "--role-prefix=");
    assert(!codes.includes("done"), codes.join());
    assert.deepEqual(arm.emulator.world.roleDefinitions.get(dataRoleId(""))?.assignableScopes, [
      `/subscriptions/${arm.emulator.info.subscriptionId}`,
    ]);
  });
});
