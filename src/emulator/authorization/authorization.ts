/**
 * Who may do what, where: ARM asks this before every call and Blob before every request. Role assignments are a
 * union over the scope and all scopes above it, as in Azure role-based access control.
 */
import type { Clock } from "../clock.ts";
import type { Permission, RoleAssignment, World } from "../world.ts";
import type { ConditionAttributes } from "./conditions/attributes.ts";
import { createConditionCheck } from "./conditions/evaluator.ts";
import { isVoidInStorage } from "./conditions/guid-trap.ts";
import { coversAction, coversScope } from "./scopes.ts";

/** Decides by the role assignments in the world, at the time of the emulator's clock. */
export interface Authorization {
  /**
   * Whether a control-plane action is allowed for the principal at the scope: union over all scopes above, actions
   * minus notActions per role, conditions, propagation times.
   */
  allowsAction(principalId: string, action: string, scope: string, attributes?: ConditionAttributes): boolean;
  /** The same for data actions. Wildcards in actions never cover data actions. */
  allowsDataAction(principalId: string, dataAction: string, scope: string, attributes?: ConditionAttributes): boolean;
}

interface Question {
  /** Which half of a permission answers it. */
  readonly plane: "actions" | "dataActions";
  readonly action: string;
  readonly attributes: ConditionAttributes;
}

/** An Authorization over a world; only parsed conditions are cached, so a changed world takes effect at once. */
export function createAuthorization(world: World, clock: Clock): Authorization {
  const conditionHolds = createConditionCheck();

  const permits = (assignment: RoleAssignment, question: Question, now: number): boolean => {
    const role = world.roleDefinitions.get(assignment.roleDefinitionName.toLowerCase());
    if (role === undefined || !role.permissions.some((permission) => grants(permission, question))) return false;
    if (assignment.condition === undefined) return true;
    if (isVoidInStorage(role, assignment.condition)) return false;
    return conditionHolds(assignment.condition, { ...withTime(question.attributes, now), action: question.action });
  };

  const allows = (principalId: string, scope: string, question: Question): boolean => {
    const now = clock.now();
    for (const assignment of world.roleAssignments.values()) {
      if (assignment.principalId !== principalId || !isInForce(assignment, now)) continue;
      if (coversScope(assignment.scope, scope) && permits(assignment, question, now)) return true;
    }
    return false;
  };

  return {
    allowsAction: (principalId, action, scope, attributes = {}) =>
      allows(principalId, scope, { plane: "actions", action, attributes }),
    allowsDataAction: (principalId, action, scope, attributes = {}) =>
      !isDenied(world, principalId, action, scope) &&
      allows(principalId, scope, { plane: "dataActions", action, attributes }),
  };
}

/** Deny assignments outrank every role; what they refuse of actions is ARM's to say (`arm/front-door/deny-assignments.ts`). */
function isDenied({ denyAssignments }: World, principalId: string, action: string, scope: string): boolean {
  return [...denyAssignments.values()].some(
    (each) =>
      coversScope(each.scope, scope) &&
      !each.excludePrincipals.includes(principalId) &&
      (each.dataActions ?? []).some((pattern) => coversAction(pattern, action)),
  );
}

function withTime(attributes: ConditionAttributes, now: number): ConditionAttributes {
  return { ...attributes, environment: { UtcNow: new Date(now).toISOString(), ...attributes.environment } };
}

/** Whether an assignment is in force now: creation and removal both take time to propagate. */
export function isInForce(assignment: RoleAssignment, now: number): boolean {
  if (now < assignment.effectiveFrom) return false;
  return assignment.effectiveUntil === undefined || now < assignment.effectiveUntil;
}

function grants(permission: Permission, { plane, action }: Question): boolean {
  const not = plane === "actions" ? permission.notActions : permission.notDataActions;
  const covers = (pattern: string) => coversAction(pattern, action);
  return permission[plane].some(covers) && !not.some(covers);
}
