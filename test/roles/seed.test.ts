// The emulator's seeded controller has exactly the rights that `keyless-csi roles --with all` prints: what works on the
// emulator works with those.
import assert from "node:assert/strict";
import { ROLES } from "../../src/azure/role-table.ts";
import { seedWorld } from "../../src/emulator/seed/seed.ts";
import { createWorld } from "../../src/emulator/world.ts";

describe("the emulator's controller", () => {
  const world = createWorld();
  seedWorld(world, { issuer: "https://issuer", administratorSecret: "s" });
  const controller = [...world.principals.values()].find(({ displayName }) => displayName === "keyless-controller");
  const held = (isGroup: boolean) =>
    [...world.roleAssignments.values()]
      .filter(
        ({ principalId, scope }) => principalId === controller?.id && scope.includes("/resourceGroups/") === isGroup,
      )
      .flatMap(({ roleDefinitionName }) => world.roleDefinitions.get(roleDefinitionName)?.permissions ?? [])
      .flatMap(({ actions }) => actions)
      .sort();
  const printed = (...places: string[]) =>
    ROLES.filter(({ assignedAt }) => places.includes(assignedAt))
      .flatMap(({ actions }) => actions.map(({ action }) => action))
      .sort();

  it("has at its resource group the rights that are printed for resource groups", () => {
    assert.deepEqual(held(true), printed("resource groups"));
  });

  it("has at its subscription the rights that are printed for subscriptions and identity scopes", () => {
    assert.deepEqual(held(false), printed("subscriptions", "identity scopes", "resource groups and identity scopes"));
  });

  it("grants the same data role", () => {
    const [role] = ROLES;
    const seeded = world.roleDefinitions.get(role?.id ?? "")?.permissions[0]?.dataActions ?? [];
    assert.deepEqual([...seeded].sort(), (role?.dataActions.map(({ action }) => action) ?? []).sort());
  });
});
