/** PUT of a role assignment: the rules of Microsoft.Authorization for new and for existing ones. */
import type { ConditionAttributes } from "../../../authorization/conditions/attributes.ts";
import type { Reply } from "../../../http/call.ts";
import type { JsonObject } from "../../../json.ts";
import type { RoleAssignment } from "../../../world.ts";
import { ArmError, badRequest, conflict } from "../../front-door/errors.ts";
import { objectAt, stringAt } from "../../front-door/json.ts";
import { isGuid, lastSegment, subscriptionOf, tenantOf } from "../../front-door/resource-ids.ts";
import { requireTrackedResource } from "../../front-door/tracked.ts";
import type { ArmRequest } from "../../provider.ts";
import { requireAssignableRole } from "../role-definitions/find.ts";
import { findByName, isSameScope } from "./find.ts";
import { findPrincipalType, requirePrincipalType } from "./principal.ts";
import { requireCondition, requireDescription } from "./rules.ts";
import { assignmentView } from "./view.ts";

const TYPE = "Microsoft.Authorization/roleAssignments";

/** What a caller asks for. */
interface Requested {
  readonly roleDefinitionName: string;
  readonly principalId: string;
  /** As sent. */
  readonly principalType: string | undefined;
  readonly description: string | undefined;
  readonly condition: string | undefined;
  readonly conditionVersion: string | undefined;
  readonly delegatedManagedIdentityResourceId: string | undefined;
}

/** A condition on a write looks at what was sent (`@Request`). A type that was not sent counts as User. */
export function writeAttributes(request: ArmRequest): ConditionAttributes {
  const sent = objectAt(request.body, "properties");
  return {
    request: {
      [`${TYPE}:RoleDefinitionId`]: lastSegment(stringAt(sent, "roleDefinitionId") ?? ""),
      [`${TYPE}:PrincipalId`]: stringAt(sent, "principalId") ?? "",
      [`${TYPE}:PrincipalType`]: stringAt(sent, "principalType") ?? "User",
    },
  };
}

/** 201 for a new assignment, 200 for the same again or with another description or condition. */
export function putAssignment(request: ArmRequest): Reply {
  const { scope = "", name = "" } = request.params;
  requireName(name);
  requireScope(request);
  const requested = readRequested(request);
  requireCondition(requested.condition, requested.conditionVersion);
  requireDescription(requested.description);
  requirePrincipalType(requested.principalType);
  const existing = findByName(request.services.world, name);
  if (existing !== undefined) return update(request, existing, requested);
  requireAssignableRole(request, requested.roleDefinitionName);
  const principalType = findPrincipalType(request, requested.principalId, requested.principalType);
  requireUnique(request, requested);
  requireRoom(request);
  const assignment = newAssignment(request, { ...requested, principalType });
  request.services.world.roleAssignments.set(name.toLowerCase(), assignment);
  return { status: 201, body: assignmentView({ ...assignment, scope }) };
}

function requireName(name: string): void {
  if (isGuid(name)) return;
  throw badRequest(
    "InvalidRoleAssignmentId",
    `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
  );
}

/** A scope in the body must be that of the URI; a tracked resource in it must exist (ARM checks that). */
function requireScope(request: ArmRequest): void {
  const { scope = "", name = "" } = request.params;
  const sent = stringAt(objectAt(request.body, "properties"), "scope");
  if (sent !== undefined && !isSameScope(sent, scope)) {
    throw badRequest(
      "InvalidCreateRoleAssignmentRequest",
      `The request to create role assignment '${name}' is not valid. Role assignment scope '${sent}' must match the ` +
        `scope specified on the URI '${scope}'.`,
    );
  }
  requireTrackedResource(request, scope);
}

function readRequested({ body, params }: ArmRequest): Requested {
  const sent = objectAt(body, "properties");
  const roleDefinitionId = stringAt(sent, "roleDefinitionId");
  const principalId = stringAt(sent, "principalId");
  const roleDefinitionName = roleNameIn(roleDefinitionId ?? "", params["scope"] ?? "");
  if (roleDefinitionName === undefined || principalId === undefined) {
    throw badRequest("BadRequestFormat", "The request was incorrectly formatted.");
  }
  if (!isGuid(principalId)) {
    throw badRequest("InvalidPrincipalId", "A valid principal ID must be provided for role assignment.");
  }
  return {
    roleDefinitionName,
    principalId: principalId.toLowerCase(),
    principalType: stringAt(sent, "principalType"),
    description: stringAt(sent, "description"),
    ...readCondition(sent),
    delegatedManagedIdentityResourceId: stringAt(sent, "delegatedManagedIdentityResourceId"),
  };
}

/**
 * The GUID in a role's ARM id: of the whole tenant, of the scope's own subscription or of something in it, or of a management
 * group. A GUID alone and another subscription's id are refused (azure-cli 2458, pulumi-azure-native 779).
 */
function roleNameIn(id: string, scope: string): string | undefined {
  const [, at = "", name = ""] =
    /^(.*)\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i.exec(id) ?? [];
  if (!isGuid(name)) return undefined;
  if (at === "" || /^\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i.test(at)) return name;
  const subscription = subscriptionOf(at)?.toLowerCase();
  const own = subscriptionOf(scope)?.toLowerCase();
  // At a management group or the root az names the subscription that it is set to (azure-cli, `_resolve_role_id`).
  return subscription !== undefined && (own === undefined || subscription === own) ? name : undefined;
}

/** A condition without a version has the default 2.0; an empty one is none ("Add or edit conditions using the REST API"). */
function readCondition(sent: JsonObject): Pick<Requested, "condition" | "conditionVersion"> {
  const condition = stringAt(sent, "condition") || undefined;
  if (condition === undefined) return { condition, conditionVersion: undefined };
  return { condition, conditionVersion: stringAt(sent, "conditionVersion") || "2.0" };
}

/** Only description and condition can change, and what is not sent is removed: a PUT replaces. */
function update(request: ArmRequest, existing: RoleAssignment, requested: Requested): Reply {
  const same =
    isSameScope(existing.scope, request.params["scope"] ?? "") &&
    existing.principalId === requested.principalId &&
    existing.roleDefinitionName.toLowerCase() === requested.roleDefinitionName.toLowerCase();
  if (!same) {
    throw badRequest(
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    );
  }
  for (const key of ["description", "condition", "conditionVersion"] as const) {
    delete existing[key];
    Object.assign(existing, present(key, requested[key]));
  }
  return { status: 200, body: assignmentView(existing) };
}

/** One assignment for each scope, principal and role; Azure's message names the other one without dashes. */
function requireUnique(request: ArmRequest, requested: Requested): void {
  const scope = request.params["scope"] ?? "";
  for (const each of request.services.world.roleAssignments.values()) {
    // Cheap checks first: this runs over thousands of assignments.
    if (each.principalId !== requested.principalId || each.scope.length !== scope.length) continue;
    if (each.effectiveUntil !== undefined || !isSameScope(each.scope, scope)) continue;
    if (each.roleDefinitionName.toLowerCase() !== requested.roleDefinitionName.toLowerCase()) continue;
    throw conflict(
      "RoleAssignmentExists",
      "The role assignment already exists. The ID of the existing role assignment is " +
        `${each.name.replaceAll("-", "").toLowerCase()}.`,
    );
  }
}

function requireRoom(request: ArmRequest): void {
  const subscriptionId = subscriptionOf(request.path)?.toLowerCase();
  if (subscriptionId === undefined) return;
  const { roleAssignments } = request.services.world;
  const limit = request.services.settings.roleAssignmentsPerSubscription;
  if (roleAssignments.size < limit) return;
  let count = 0;
  for (const each of roleAssignments.values()) {
    if (each.effectiveUntil === undefined && subscriptionOf(each.scope)?.toLowerCase() === subscriptionId) count += 1;
  }
  if (count < limit) return;
  throw new ArmError(
    400,
    "RoleAssignmentLimitExceeded",
    "The role assignment limit has been exceeded. No more role assignments can be created.",
  );
}

function newAssignment(request: ArmRequest, requested: Requested & { principalType: string }): RoleAssignment {
  const { services, caller, params } = request;
  const { scope = "", name = "" } = params;
  const createdAt = services.clock.now();
  return {
    name,
    scope,
    roleDefinitionName: requested.roleDefinitionName,
    principalId: requested.principalId,
    principalType: requested.principalType,
    tenantId: tenantOf(services.world, scope) ?? caller.tenantId,
    createdBy: caller.principalId,
    createdAt,
    effectiveFrom: createdAt + services.settings.propagationGrantMs,
    ...present("description", requested.description),
    ...present("condition", requested.condition),
    ...present("conditionVersion", requested.conditionVersion),
    ...present("delegatedManagedIdentityResourceId", requested.delegatedManagedIdentityResourceId),
  };
}

function present<Key extends string>(key: Key, value: string | undefined): { [name in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [name in Key]?: string });
}
