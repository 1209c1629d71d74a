// What an emulator in this process holds, without deletions that are still propagating.
import type { BlobContainer, RoleAssignment, World } from "../../src/emulator/world.ts";

export function heldContainers(world: World): readonly BlobContainer[] {
  return [...world.containers.values()].filter(({ deletedUntil }) => deletedUntil === undefined);
}

export function heldRoleAssignments(world: World): readonly RoleAssignment[] {
  return [...world.roleAssignments.values()].filter(({ effectiveUntil }) => effectiveUntil === undefined);
}
