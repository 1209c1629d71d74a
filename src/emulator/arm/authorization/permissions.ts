/** Permissions - List: what the caller may do at a scope, one entry for each role that it has there. */
import { isInForce } from "../../authorization/authorization.ts";
import { coversScope } from "../../authorization/scopes.ts";
import type { Reply } from "../../http/call.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Authorization/permissions";

/** REST: Permissions - List For Resource Group, List For Resource. */
export const permissionRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", "{scope}/providers/Microsoft.Authorization/permissions", "read", "permissions/list", listPermissions],
]);

function listPermissions(request: ArmRequest): Reply {
  const { world, clock } = request.services;
  const scope = request.params["scope"] ?? "";
  const value = [...world.roleAssignments.values()]
    .filter((each) => each.principalId === request.caller.principalId && isInForce(each, clock.now()))
    .filter((each) => coversScope(each.scope, scope))
    .flatMap((each) => {
      const permissions = world.roleDefinitions.get(each.roleDefinitionName.toLowerCase())?.permissions ?? [];
      const { condition, conditionVersion } = each;
      return permissions.map((permission) =>
        condition === undefined ? permission : { ...permission, condition, conditionVersion },
      );
    });
  return { status: 200, body: { value } };
}
