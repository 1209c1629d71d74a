/** What permissions allow (Azure RBAC, "How Azure RBAC determines if a user has access to a resource"). */
import { coversAction } from "../text/action-pattern.ts";
import type { Permission } from "./ports.ts";

/** Whether one of the roles allows the action. A wildcard stands for any number of characters; compared without case. */
export function allows(permissions: readonly Permission[], action: string): boolean {
  return permissions.some((each) => isAllowedBy(each, action));
}

/** Those of the roles that allow the action. */
export function allowing(permissions: readonly Permission[], action: string): readonly Permission[] {
  return permissions.filter((each) => isAllowedBy(each, action));
}

function isAllowedBy({ actions, notActions }: Permission, action: string): boolean {
  return coversAction(actions, action) && !coversAction(notActions, action);
}
