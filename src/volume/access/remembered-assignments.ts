/**
 * Role assignments at accounts that ARM has confirmed, remembered for a while: all volumes of one identity in an account rely
 * on the same one. Whatever is read, created or removed passes here, so that nothing outlives its removal by this process;
 * what others remove is found by the check that follows each use (account-assignments.ts).
 */
import { createTtlCache } from "../../concurrency/ttl-cache.ts";
import { parseAccountId } from "../formats/arm-ids.ts";
import type { AskedRoleAssignments, RoleAssignment, RoleAssignments } from "../ports.ts";
import { isSameRoleAssignment } from "./role-assignments.ts";

export interface RememberingOptions {
  /** At most 5 minutes, as for accounts (--account-cache). */
  readonly rememberMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** The same port, with a memory of what is at accounts. One that others have named differently is not remembered. */
export function rememberRoleAssignments(
  inner: AskedRoleAssignments,
  { rememberMs, now }: RememberingOptions,
): RoleAssignments {
  const confirmed = createTtlCache<RoleAssignment>(rememberMs, now);
  /** By name, which follows from scope, principal and role: when its removal was last sent, or answered. */
  const removedAt = createTtlCache<number>(rememberMs, now);
  const forget = ({ name, scope }: RoleAssignment) => {
    confirmed.delete(keyOf(name));
    if (isAtAccount(scope)) removedAt.set(keyOf(name), now());
  };
  /** An answer to what was asked before a removal may be older than that. */
  const confirm = (assignment: RoleAssignment, askedAt: number) => {
    const removed = removedAt.get(keyOf(assignment.name));
    if (!isAtAccount(assignment.scope) || (removed !== undefined && removed >= askedAt)) return;
    confirmed.set(keyOf(assignment.name), assignment);
  };
  return {
    ...inner,
    remembered(assignment) {
      const known = confirmed.get(keyOf(assignment.name));
      return known !== undefined && isSameRoleAssignment(known, assignment);
    },
    async find(scope, name) {
      const askedAt = now();
      const found = await inner.find(scope, name).catch((error: unknown) => {
        confirmed.delete(keyOf(name));
        throw error;
      });
      if (found === undefined) confirmed.delete(keyOf(name));
      else confirm(found, askedAt);
      return found;
    },
    async create(assignment, description) {
      const askedAt = now();
      const how = await inner.create(assignment, description);
      if (how !== "adopted") confirm(assignment, askedAt);
      return how;
    },
    async remove(assignment) {
      forget(assignment);
      // And again: what was asked meanwhile may have been answered before it was gone.
      return await inner.remove(assignment).finally(() => forget(assignment));
    },
  };
}

function keyOf(name: string): string {
  return name.toLowerCase();
}

function isAtAccount(scope: string): boolean {
  return parseAccountId(scope)?.rest === "";
}
