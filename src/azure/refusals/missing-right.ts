/**
 * ARM says that an identity lacks a right: which one, where, and what to do. Source of the texts: "Troubleshoot Azure RBAC";
 * ARM names action and scope, and does not say whether the role, a condition of its assignment, or the scope is at fault.
 */
import { rolesRemedy } from "../missing-role.ts";

/** What ARM's `AuthorizationFailed` says was not allowed. */
export interface MissingRight {
  /** `Microsoft.Storage/storageAccounts/write`. */
  readonly action: string;
  readonly scope: string;
  /** Object id of who was refused. */
  readonly principalId: string;
}

export const GIVE_ROLES = rolesRemedy("");

/** The right to assign roles has a condition, which ARM mentions and does not explain. */
const OR_CONDITION = "; where it has them, their condition names other roles or principals (--role, --principals)";

/** Below the scope that it is for. */
const OWN_ASSIGNMENT = /\/providers\/Microsoft\.Authorization\/roleAssignments\/[^/]+$/i;

/** In ARM's words, or undefined for a text of another form. */
export function findMissingRight(text: string): MissingRight | undefined {
  const [, action, scope] = /perform action '([^']+)' (?:over|on) scope '([^']*)'/.exec(text) ?? [];
  const principalId = /with object id '([^']+)'/.exec(text)?.[1];
  if (action === undefined || scope === undefined || principalId === undefined) return undefined;
  return { action, scope: scope.replace(OWN_ASSIGNMENT, ""), principalId };
}

/** Shorter than ARM's sentence, which would be cut; undefined for a text of another form. */
export function describeMissingRight(text: string): string | undefined {
  const missing = findMissingRight(text);
  if (missing === undefined) return undefined;
  const isScope = /scope is invalid/.test(text) ? ", or the scope is invalid" : "";
  const or = /\bcondition not fulfilled/.test(text) ? ", or a condition is not fulfilled" : isScope;
  return `object id ${missing.principalId} may not perform action '${missing.action}' at ${missing.scope}${or}`;
}

/** The end of the message. */
export function missingRightRemedy(text: string): string {
  const roles = rolesRemedy(text);
  const action = findMissingRight(text)?.action.toLowerCase() ?? "";
  const isConditioned = /^microsoft\.authorization\/roleassignments\/(write|delete)$/.test(action);
  return isConditioned ? `${roles}${OR_CONDITION}` : roles;
}
