/** What permissions allow (Azure RBAC, "How Azure RBAC determines if a user has access to a resource"). */
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
  const covers = (pattern: string) => matches(pattern.toLowerCase(), action.toLowerCase());
  return actions.some(covers) && !notActions.some(covers);
}

/** Without a regular expression: a role's author writes the pattern. */
function matches(pattern: string, action: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === action;
  if (!action.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const part of rest) {
    const found = action.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return action.length - last.length >= at && action.endsWith(last);
}
