/** The patterns of actions in Azure's roles and deny assignments. */

/**
 * Whether one of the patterns covers the action: `*` stands for any text, also across slashes; without case ("Understand Azure role
 * definitions").
 */
export function coversAction(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
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
