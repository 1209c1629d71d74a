/** Finds role assignments, and compares their scopes. */
import type { Services } from "../../../services.ts";
import type { RoleAssignment, World } from "../../../world.ts";

/** The live assignment with a name, at any scope: names are unique in the tenant. */
export function findByName(world: World, name: string): RoleAssignment | undefined {
  const found = world.roleAssignments.get(name.toLowerCase());
  return found?.effectiveUntil === undefined ? found : undefined;
}

/** Whether reads that lag behind by `lagMs` show an assignment already. */
export function isShown({ createdAt }: RoleAssignment, { clock }: Services, lagMs: number): boolean {
  return createdAt + lagMs <= clock.now();
}

/** Scopes compare without case, and "" is the root "/". */
export function isSameScope(left: string, right: string): boolean {
  const tidy = (scope: string) => scope.replace(/\/+$/, "").toLowerCase();
  return tidy(left) === tidy(right);
}
