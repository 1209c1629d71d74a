/** How scopes and action patterns of role-based access control compare: without case, scopes by whole segments. */

const patterns = new Map<string, RegExp>();

/** Whether `wide` is the scope itself or one above it. "/" is the tenant's root, above everything. */
export function coversScope(wide: string, scope: string): boolean {
  if (wide.length > scope.length + 1) return false;
  const above = wide.toLowerCase().replace(/\/+$/, "");
  const below = scope.toLowerCase();
  return below === above || below.startsWith(`${above}/`);
}

/** Whether an action pattern of a role ("Microsoft.Storage/*", where * stands for any text) covers an action. */
export function coversAction(pattern: string, action: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(`^${pattern.split("*").map(escapeForRegExp).join(".*")}$`, "i");
    patterns.set(pattern, compiled);
  }
  return compiled.test(action);
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}
