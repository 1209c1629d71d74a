/** Deny assignments at any scope, as far as they can be read. What they refuse is decided in `front-door/deny-assignments.ts`. */
import { coversScope } from "../../authorization/scopes.ts";
import type { DenyAssignment } from "../../deny-assignment.ts";
import type { Reply } from "../../http/call.ts";
import { pageReply } from "../front-door/paging.ts";
import { lastSegment } from "../front-door/resource-ids.ts";
import { queryValue } from "../front-door/route-table.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Authorization/denyAssignments";
/** What Azure means by everybody. */
const EVERYONE = { id: "00000000-0000-0000-0000-000000000000", type: "SystemDefined" };

/** REST: Deny Assignments - List For Resource Group and for the other scopes. */
export const denyAssignmentRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", "{scope}/providers/Microsoft.Authorization/denyAssignments", "read", "denyAssignments/list", listAssignments],
]);

/** Those at the scope and above it, and below it; `$filter=atScope()` omits those below. */
function listAssignments(request: ArmRequest): Reply {
  const scope = request.params["scope"] ?? "";
  const atScope = /atScope\(\)/i.test(queryValue(request.call, "$filter") ?? "");
  const found = [...request.services.world.denyAssignments.values()].filter(
    (each) => coversScope(each.scope, scope) || (!atScope && coversScope(scope, each.scope)),
  );
  const items = found.map((each) => ({ key: each.id.toLowerCase(), view: assignmentView(each) }));
  return pageReply(request, items);
}

function assignmentView({ id, displayName, scope, excludePrincipals, ...denied }: DenyAssignment): object {
  const { actions, notActions, dataActions = [] } = denied;
  const properties = {
    denyAssignmentName: displayName,
    description: "",
    permissions: [{ actions, notActions, dataActions, notDataActions: [] }],
    scope,
    doNotApplyToChildScopes: false,
    principals: [EVERYONE],
    excludePrincipals: excludePrincipals.map((each) => ({ id: each, type: "ServicePrincipal" })),
    isSystemProtected: true,
  };
  return { id, name: lastSegment(id), type: TYPE, properties };
}
