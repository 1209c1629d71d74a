/** Role assignments at any scope: read, delete, list. Writing is in `write.ts`. */
import type { ConditionAttributes } from "../../../authorization/conditions/attributes.ts";
import type { Reply } from "../../../http/call.ts";
import type { RoleAssignment } from "../../../world.ts";
import { ArmError } from "../../front-door/errors.ts";
import { pageReply } from "../../front-door/paging.ts";
import { tenantOf } from "../../front-door/resource-ids.ts";
import { queryValue } from "../../front-door/route-table.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { isVanished, requireRightAtVanished, vanished } from "../vanished.ts";
import { readAssignmentFilter } from "./filter.ts";
import { findByName, isSameScope, isShown } from "./find.ts";
import { assignmentView } from "./view.ts";
import { putAssignment, writeAttributes } from "./write.ts";

const TYPE = "Microsoft.Authorization/roleAssignments";
const ALL = "{scope}/providers/Microsoft.Authorization/roleAssignments";
const ITEM = `${ALL}/{name}`;

/** REST: Role Assignments - List For Scope, Get, Create, Delete; the by-id forms have the same URLs. */
export const roleAssignmentRoutes: readonly Route<typeof TYPE>[] = [
  ...routesOf(TYPE, [
    ["GET", ALL, "read", "roleAssignments/list", listAssignments],
    ["GET", ITEM, "read", "roleAssignments/get", getAssignment],
  ]),
  ...routesOf(TYPE, [["PUT", ITEM, "write", "roleAssignments/create", putAssignment, "roleAssignment"]]).map(
    (route) => ({
      ...route,
      attributes: writeAttributes,
    }),
  ),
  ...routesOf(TYPE, [["DELETE", ITEM, "delete", "roleAssignments/delete", deleteAssignment]]).map((route) => ({
    ...route,
    attributes: deleteAttributes,
  })),
];

function findAtScope(request: ArmRequest): RoleAssignment | undefined {
  const { scope = "", name = "" } = request.params;
  const found = findByName(request.services.world, name);
  return found !== undefined && isSameScope(found.scope, scope) ? found : undefined;
}

function getAssignment(request: ArmRequest): Reply {
  const found = findAtScope(request);
  const { services } = request;
  const isFound = found !== undefined && isShown(found, services, services.settings.assignmentReadLagMs);
  if (isFound) return { status: 200, body: assignmentView(found) };
  const name = request.params["name"] ?? "";
  throw new ArmError(404, "RoleAssignmentNotFound", `The role assignment '${name}' is not found.`);
}

/** 200 with the removed assignment, 204 when it did not exist. It is honoured until the removal has propagated. */
function deleteAssignment(request: ArmRequest): Reply {
  const { clock, settings, world } = request.services;
  if (settings.vanishedDeleteRefused && isVanished(request, request.params["scope"] ?? "")) {
    requireRightAtVanished(request, `${TYPE}/delete`);
  }
  const found = findAtScope(request);
  if (found === undefined) return { status: 204 };
  if (settings.propagationRemovalMs === 0) world.roleAssignments.delete(found.name.toLowerCase());
  else found.effectiveUntil = clock.now() + settings.propagationRemovalMs;
  return { status: 200, body: assignmentView(found) };
}

/** A condition on a delete looks at the assignment that is deleted (`@Resource`); what if there is none, nobody documents. */
function deleteAttributes(request: ArmRequest): ConditionAttributes {
  const found = findAtScope(request);
  if (found === undefined) return { resourceIsAbsent: !request.services.settings.absentDeleteRefused };
  return {
    resource: {
      [`${TYPE}:RoleDefinitionId`]: found.roleDefinitionName,
      [`${TYPE}:PrincipalId`]: found.principalId,
      [`${TYPE}:PrincipalType`]: found.principalType,
    },
  };
}

/** At, above and below the scope; `$filter` narrows it. */
function listAssignments(request: ArmRequest): Reply {
  const scope = request.params["scope"] ?? "";
  const wanted = readAssignmentFilter(queryValue(request.call, "$filter"), scope);
  const { services } = request;
  const { settings, world } = services;
  if (settings.vanishedListMissing && isVanished(request, scope)) throw vanished(scope);
  const tenantId = tenantOf(world, scope) ?? request.caller.tenantId;
  const live = [...world.roleAssignments.values()].filter(
    (each) =>
      each.effectiveUntil === undefined &&
      each.tenantId === tenantId &&
      wanted(each) &&
      isShown(each, services, settings.assignmentListLagMs),
  );
  return pageReply(
    request,
    live.map((each) => ({ key: each.name.toLowerCase(), view: assignmentView(each) })),
  );
}
