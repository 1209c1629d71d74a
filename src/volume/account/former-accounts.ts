/**
 * What Azure keeps of a deleted account: its role assignments, which take effect again in the next account of its name.
 * They are removed at the first use of an account in a process, in whichever way it has appeared: created by this call,
 * found, or found after its creation could not be followed.
 */
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { DriverError } from "../../errors.ts";
import { isSameText } from "../../text/without-case.ts";
import { isOurRoleAssignment, removeRoleAssignments } from "../access/role-assignments.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId, accountKey } from "../formats/arm-ids.ts";
import type { Account, AccountRef, RoleAssignment } from "../ports.ts";

export interface FormerAccounts {
  /**
   * Removes ours at the account that are older than it. One list for each account and process; all callers wait for it.
   * A failure is unfinished, and the next call tries again.
   */
  clear(account: Account): Promise<void>;
  /**
   * Ours at the file system that are older than its account, which was cleared. They can be removed once the file system
   * exists again: Azure may refuse that at a scope that is gone (azure.md 8).
   */
  leftAt(account: AccountRef, scope: string): readonly RoleAssignment[];
}

/** An account at the time of its clearing, and what was left below it. */
interface Cleared {
  readonly createdAtMs: number;
  readonly below: readonly RoleAssignment[];
}

/** Accounts that are remembered: the oldest is forgotten, and would be looked at once more. */
const MOST_REMEMBERED = 10_000;

export function createFormerAccounts(deps: Dependencies): FormerAccounts {
  const cleared = new Map<string, Cleared>();
  const clearing = createSingleFlight<void>();
  return {
    async clear(account) {
      const { ref, createdAtMs } = account;
      const key = accountKey(ref);
      if (createdAtMs === undefined || cleared.get(key)?.createdAtMs === createdAtMs) return;
      await clearing.run(`${key} ${createdAtMs}`, async () => {
        const below = await removeOlder(deps, ref, createdAtMs).catch((error) => {
          throw DriverError.unfinished(error);
        });
        cleared.set(key, { createdAtMs, below });
        const [oldest] = cleared.keys();
        if (cleared.size > MOST_REMEMBERED && oldest !== undefined) cleared.delete(oldest);
      });
    },
    leftAt(account, scope) {
      const below = cleared.get(accountKey(account))?.below ?? [];
      return below.filter((each) => isSameText(each.scope, scope));
    },
  };
}

/**
 * Answers what is below the account. Both times are Azure's: a role can be assigned only at an account that exists, and
 * ours follow some 20 s after its creation began, so that no difference between Azure's clocks makes a live one look older.
 */
async function removeOlder(deps: Dependencies, ref: AccountRef, accountCreatedAtMs: number): Promise<RoleAssignment[]> {
  const scope = accountId(ref);
  const listed = await deps.ports.roleAssignments.listAtAndBelow(scope);
  const isAt = (each: RoleAssignment) => isSameText(each.scope, scope);
  const former = listed.filter(
    (each) => isOurRoleAssignment(each) && each.createdAtMs !== undefined && each.createdAtMs < accountCreatedAtMs,
  );
  await removeRoleAssignments(deps, former.filter(isAt));
  return former.filter((each) => !isAt(each));
}
