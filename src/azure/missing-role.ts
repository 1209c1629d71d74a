/** What to do about a right that the controller lacks: which part of `keyless-csi roles` has it. */
import { ROLES, type RoleOption } from "./role-table.ts";

/** `refusal`: Azure's own words, which name the action. */
export function rolesRemedy(refusal: string): string {
  // A refusal for a linked scope first names the action that is allowed.
  const [, action = ""] = /does not have [^']*perform action '([^']+)'/.exec(refusal) ?? [];
  const part = partOf(action);
  const flags = part === undefined ? "" : ` --with ${part}`;
  return `give the controller's identity the roles that \`keyless-csi roles${flags}\` prints`;
}

/** The optional role that has the action; undefined where none has it, or where one has it that is always needed. */
function partOf(action: string): RoleOption | undefined {
  const roles = ROLES.filter(({ actions }) => actions.some((each) => isSame(each.action, action)));
  return roles.some(({ option }) => option === undefined) ? undefined : roles[0]?.option;
}

/** Azure compares actions without case. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
