/** Storage accounts, and the port to them; everybody else takes these from `ports.ts`. */
import type { AccountRef } from "./places.ts";
import type { ResourceGroupRef } from "./settings.ts";

/** A storage account as ARM shows it, as far as our decisions depend on it. */
export interface Account {
  readonly ref: AccountRef;
  readonly tags: Readonly<Record<string, string>>;
  /** Our tags that somebody has taken away (lost-tags.ts). ARM does not show them; `tags` has what the name proves. */
  readonly lostTags?: Readonly<Record<string, string>>;
  /** Ways into the account without an Entra identity, in words for an administrator. Empty: the account is keyless. */
  readonly nonEntraAccess: readonly string[];
  /** Settings that weaken it without opening it, in words for an administrator. Absent: none. */
  readonly weaknesses?: readonly string[];
  /** Hierarchical namespace (Data Lake Storage): fixed when the account is created. */
  readonly isHnsEnabled: boolean;
  /** By ARM's clock, in milliseconds since 1970; absent where ARM does not state it. */
  readonly createdAtMs?: number;
  /** ARM's provisioning state, such as `Failed`, where it is not `Succeeded`: then nothing new may be put into the account. */
  readonly unfinished?: string;
}

/** What the class states about a new account, by the fields of the parameters with effect `account`. Absent: Azure's default. */
export type AccountShape = Readonly<Record<string, unknown>>;

/** What a new account is created from. */
export interface AccountSpec {
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly shape: AccountShape;
}

/** An account, and whether this very call created it. */
export interface CreatedAccount {
  readonly account: Account;
  readonly isNew: boolean;
}

export interface Accounts {
  /** What ARM has confirmed within the last few minutes, without a call. */
  remembered(ref: AccountRef): Account | undefined;
  /**
   * Whether ARM has said within the last seconds that there is none: so long that no account made since can hold anything yet,
   * which takes some 20 s.
   */
  wasAbsent(ref: AccountRef): boolean;
  /** Throws QuotaExhausted for a while after Azure has refused an account there for a quota; only where `--overflow` is set. */
  assertRoom(region: Pick<AccountRef, "subscriptionId"> & Pick<AccountSpec, "location">): void;
  /** Asks ARM, waits while it is being created, and remembers an account that is keyless. */
  find(ref: AccountRef): Promise<Account | undefined>;
  /**
   * Creates it and waits until it exists. A new one is not remembered: `confirm` does that. `"taken"`: the name is in use
   * elsewhere in Azure, nothing was created.
   */
  create(ref: AccountRef, spec: AccountSpec): Promise<CreatedAccount | "taken">;
  /**
   * Repeats the PUT of an account whose last one failed, without changing what administrators may have changed since. At most
   * once in a while; undefined: not again yet.
   */
  finish(ref: AccountRef, spec: AccountSpec): Promise<Account | undefined>;
  /** Remembers a new account, so that other volumes get it. */
  confirm(account: Account): void;
  /** Every account in the resource group, ours or not; none when the group does not exist. */
  list(group: ResourceGroupRef): Promise<readonly Account[]>;
  /** Turns every way in without Entra off again, and answers the account as it is then. At most once in a while. */
  enforceKeyless(ref: AccountRef): Promise<Account | undefined>;
  /** Adds those of the tags that are missing, and keeps all others. Undefined: not again, it was done a while ago. */
  restoreTags(ref: AccountRef, tags: Readonly<Record<string, string>>): Promise<Account | undefined>;
  remove(ref: AccountRef): Promise<void>;
}
