/**
 * A trap of Azure: "you can't have a role assignment with a Microsoft.Storage data action and an ABAC condition that
 * uses a GUID comparison operator"; Azure accepts such an assignment, but it grants nothing (RBAC "troubleshooting").
 */
import type { RoleDefinition } from "../../world.ts";

/** Whether Azure ignores an assignment of the role under the condition. */
export function isVoidInStorage(role: RoleDefinition, condition: string): boolean {
  if (!/\bGuid(Not)?Equals\b/i.test(condition)) return false;
  return role.permissions.some((permission) =>
    permission.dataActions.some((action) => action === "*" || /^Microsoft\.(Storage\/|\*)/i.test(action)),
  );
}
