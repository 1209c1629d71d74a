/** What ARM has last said of storage accounts, for a bounded time. */
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { accountKey } from "../volume/formats/arm-ids.ts";
import type { Account, AccountRef } from "../volume/ports.ts";

export interface AccountMemory {
  get(ref: AccountRef): Account | undefined;
  /** An account that is not keyless or not finished is not remembered, nor any longer: somebody may repair it at any moment. */
  remember(account: Account): Account;
  forget(ref: AccountRef): void;
  /** ARM says that there is none. */
  noteAbsence(ref: AccountRef): void;
  /** It is being created, by this process. */
  forgetAbsence(ref: AccountRef): void;
  wasAbsent(ref: AccountRef): boolean;
}

/** Well below the 20 to 30 s that Azure takes to create an account. */
const ABSENT_MS = 10_000;

/** `now` in milliseconds, monotonic. */
export function createAccountMemory(rememberMs: number, now: () => number): AccountMemory {
  const accounts = createTtlCache<Account>(rememberMs, now);
  const absent = createTtlCache<true>(ABSENT_MS, now);
  return {
    get: (ref) => accounts.get(accountKey(ref)),
    remember(account) {
      const isReady = account.nonEntraAccess.length === 0 && account.unfinished === undefined;
      if (isReady) accounts.set(accountKey(account.ref), account);
      else accounts.delete(accountKey(account.ref));
      return account;
    },
    forget: (ref) => accounts.delete(accountKey(ref)),
    noteAbsence(ref) {
      accounts.delete(accountKey(ref));
      absent.set(accountKey(ref), true);
    },
    forgetAbsence: (ref) => absent.delete(accountKey(ref)),
    wasAbsent: (ref) => absent.get(accountKey(ref)) !== undefined,
  };
}
