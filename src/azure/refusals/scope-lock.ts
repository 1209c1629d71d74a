/** A management lock in the way: which, where, and against what. Source: "Lock your resources to protect your infrastructure". */

const FORM = /cannot perform (\w+) operation because following scope\(s\) are locked: '([^']*)'/i;
const LOCK = /^(.*)\/providers\/Microsoft\.Authorization\/locks\/([^/]+)$/i;

/** More than these would not fit into an event. */
const MOST = 3;

/**
 * `a lock at <scope> does not allow delete operations`; with the lock's name, where ARM gives its id, and the only level that can be the cause
 * of a refused write. Undefined for a text of another form.
 */
export function describeLock(text: string): string | undefined {
  const [, operation = "", list = ""] = FORM.exec(text) ?? [];
  // Azure promises no order, and an event is counted only while its text is the same.
  const scopes = list
    .split(",")
    .map((scope) => scope.trim())
    .filter((scope) => scope !== "")
    .sort();
  if (scopes.length === 0) return undefined;
  const more = scopes.length > MOST ? ` and ${scopes.length - MOST} more` : "";
  const isWrite = operation.toLowerCase() === "write";
  const level = isWrite ? " of level ReadOnly" : "";
  const locks = scopes.slice(0, MOST).map((scope) => lockAt(scope, level));
  return `${locks.join(", ")}${more} does not allow ${operation.toLowerCase()} operations`;
}

function lockAt(scope: string, level: string): string {
  const [, at, name] = LOCK.exec(scope) ?? [];
  return name === undefined
    ? `a lock${level} at ${scope}`
    : `lock "${name}"${level} at ${at === "" ? "the tenant" : at}`;
}

/** The end of the message. Never what to run: a lock is often all that protects the data. */
export function lockRemedy(text: string): string {
  const held =
    "the lock's holder must release it, an Owner or User Access Administrator at that scope (`az lock list` names it)";
  return FORM.exec(text)?.[1]?.toLowerCase() === "write" ? `${held}, or use another resource group` : held;
}
