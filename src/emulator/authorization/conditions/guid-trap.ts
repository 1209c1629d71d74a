/**
 * A trap of Azure: "you can't have a role assignment with a Microsoft.Storage data action and an ABAC condition that
 * uses a GUID comparison operator"; such an assignment is taken, but grants nothing (RBAC "troubleshooting").
 */
import type { RoleDefinition } from "../../world.ts";

/** Whether an assignment of the role under the condition is one that Azure does not honour. */
export function isVoidInStorage(role: RoleDefinition, condition: string): boolean {
  if (!/\bGuid(Not)?Equals\b/i.test(condition)) return false;
  return role.permissions.some((permission) =>
    permission.dataActions.some((action) => action === "*" || /^Microsoft\.(Storage\/|\*)/i.test(action)),
  );
}
