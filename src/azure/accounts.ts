/** Storage accounts through ARM: found, created, kept keyless, removed. What ARM has confirmed is remembered for minutes. */
import type {
  StorageAccount,
  StorageAccountCreateParameters,
  StorageAccountUpdateParameters,
} from "@azure/arm-storage";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";
import { findByName } from "../text/members.ts";
import { accountKey } from "../volume/formats/arm-ids.ts";
import type { Account, AccountRef, AccountSpec, Accounts, ResourceGroupRef } from "../volume/ports.ts";
import { createAccountMemory } from "./account-memory.ts";
import { describeAccount, readSettled } from "./account-reads.ts";
import { createAccountRoom, type Region } from "./account-room.ts";
import type { Arm } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";
import { intending } from "./intent.ts";
import type { ComplyingParameter } from "./refusals/policy-words.ts";
import { whereTaken } from "./taken-names.ts";
import { putAgain } from "./unfinished-accounts.ts";

/** What the backend decides about the accounts that hold its file systems. */
export interface AccountShaping {
  toCreateParameters(spec: AccountSpec): StorageAccountCreateParameters;
  /** The same for one whose last PUT failed: what administrators may have changed since is sent as it is. */
  toFinishParameters(spec: AccountSpec, account: StorageAccount): StorageAccountCreateParameters;
  /** The update that closes every way in without Entra. */
  toKeylessParameters(account: StorageAccount): StorageAccountUpdateParameters;
  /** Ways in without Entra, in words for an administrator. */
  nonEntraAccessOf(account: StorageAccount): string[];
  /** What is worth a warning and opens no way in. */
  weaknessesOf(account: StorageAccount): string[];
  /** How a class makes new accounts comply with what a policy wants. */
  readonly complyingParameter: ComplyingParameter;
}

export interface AccountsOptions {
  readonly arm: Arm;
  readonly shaping: AccountShaping;
  /** How long a confirmation by ARM counts, at most 5 minutes. */
  readonly rememberMs: number;
  /** How long it is remembered that a subscription and region has no room for a further account. Default: not at all. */
  readonly fullMs?: number;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Somebody, most likely another replica, is creating it at this moment. */
const BEING_CREATED = [
  "StorageAccountBeingCreated",
  "StorageAccountIsNotProvisioned",
  "StorageAccountOperationInProgress",
];

/** Between two changes of one kind to an account that somebody undoes. */
const CHANGE_INTERVAL_MS = 3_600_000;
/** Between two attempts to finish an account: as often as csi-provisioner tries again at most. */
const FINISH_INTERVAL_MS = 60_000;

/** A write that answers the account as it is then. */
type Change<More extends unknown[]> = (ref: AccountRef, ...more: More) => Promise<Account>;

/** The port, and a way to drop what is no longer true. */
export interface RememberingAccounts extends Accounts {
  forget(ref: AccountRef): void;
  /** Subscriptions and regions in which this process has asked for accounts. */
  regions(): readonly Region[];
}

export function createAccounts(options: AccountsOptions): RememberingAccounts {
  const { arm, shaping, now } = options;
  const memory = createAccountMemory(options.rememberMs, now);
  const finding = createSingleFlight<Account | undefined>();
  const room = createAccountRoom(options.fullMs ?? 0, now);
  // Where a policy undoes the change, to make it at every call would be a fight without end.
  const seldom = <More extends unknown[]>(change: Change<More>, intervalMs = CHANGE_INTERVAL_MS) => {
    const made = createTtlCache<true>(intervalMs, now);
    return async (ref: AccountRef, ...more: More): Promise<Account | undefined> => {
      if (made.get(accountKey(ref)) !== undefined) return undefined;
      const account = await change(ref, ...more);
      made.set(accountKey(ref), true);
      return memory.remember(account);
    };
  };
  const find = (ref: AccountRef) =>
    finding.run(accountKey(ref), async () => {
      const found = await readSettled(options, ref);
      if (found !== undefined) return memory.remember(toAccount(shaping, ref, found));
      memory.noteAbsence(ref);
      return undefined;
    });
  return {
    remembered: memory.get,
    wasAbsent: memory.wasAbsent,
    assertRoom: room.assert,
    find,
    async create(ref, spec) {
      const creating = room.use({ ...ref, ...spec }, () => put(options, ref, spec));
      // Also after a failure: it may exist all the same.
      const created = await creating.finally(() => memory.forgetAbsence(ref));
      if (created === "taken") return "taken";
      if (created !== undefined) return { account: created, isNew: true };
      const existing = await find(ref);
      return existing === undefined ? "taken" : { account: existing, isNew: false };
    },
    finish: seldom((ref, spec: AccountSpec) => finish(options, ref, spec), FINISH_INTERVAL_MS),
    confirm: (account) => void memory.remember(account),
    list: (group) => list(options, group),
    enforceKeyless: seldom((ref) => enforceKeyless(options, ref)),
    restoreTags: seldom((ref, tags: Readonly<Record<string, string>>) => restoreTags(options, ref, tags)),
    async remove(ref) {
      memory.forget(ref);
      await remove(arm, ref);
      memory.forget(ref);
    },
    forget: memory.forget,
    regions: room.regions,
  };
}

function toAccount(shaping: AccountShaping, ref: AccountRef, account: StorageAccount): Account {
  const { tags = {}, creationTime, isHnsEnabled = false, provisioningState: state = "Succeeded" } = account;
  return {
    ref,
    tags,
    nonEntraAccess: shaping.nonEntraAccessOf(account),
    weaknesses: shaping.weaknessesOf(account),
    isHnsEnabled,
    ...(creationTime && { createdAtMs: creationTime.getTime() }),
    ...(state !== "Succeeded" && { unfinished: state }),
  };
}

/** The new account, `"taken"`, or undefined when it exists or is being created already, and has to be read. */
async function put(
  options: AccountsOptions,
  ref: AccountRef,
  spec: AccountSpec,
): Promise<Account | "taken" | undefined> {
  const { arm, shaping } = options;
  let isAccepted = false;
  try {
    const { storageAccounts } = arm.subscription(ref.subscriptionId).storage;
    const poller = storageAccounts.create(ref.resourceGroup, ref.name, shaping.toCreateParameters(spec));
    await poller.submitted();
    isAccepted = true;
    return toAccount(shaping, ref, await poller.pollUntilDone());
  } catch (error) {
    const taken = whereTaken(error);
    if (taken === "elsewhere") return "taken";
    if (taken !== undefined || BEING_CREATED.includes(codeOf(error) ?? "")) return undefined;
    const { complyingParameter } = shaping;
    const failure = toDriverError(error, `creating ${describeAccount(ref)}`, { complyingParameter });
    if (!isAccepted) throw failure;
    // A role scoped to the resource group may not be allowed to read the operation's own address (azure.md 2).
    const polled = statusOf(error) === 403 ? await readSettled(options, ref).catch(() => undefined) : undefined;
    if (polled !== undefined) return toAccount(shaping, ref, polled);
    // ARM has accepted the request: whatever its polling says, an account may exist.
    throw DriverError.unfinished(failure);
  }
}

async function list({ arm, shaping }: AccountsOptions, group: ResourceGroupRef): Promise<Account[]> {
  const { subscriptionId, resourceGroup } = group;
  try {
    const found: Account[] = [];
    const { storageAccounts } = arm.subscription(subscriptionId).storage;
    for await (const account of storageAccounts.listByResourceGroup(resourceGroup)) {
      found.push(toAccount(shaping, { subscriptionId, resourceGroup, name: account.name ?? "" }, account));
    }
    return found;
  } catch (error) {
    if (codeOf(error) === "ResourceGroupNotFound") return [];
    throw toDriverError(error, `listing the storage accounts of resource group ${resourceGroup}`);
  }
}

async function finish({ arm, shaping }: AccountsOptions, ref: AccountRef, spec: AccountSpec): Promise<Account> {
  try {
    const account = await putAgain(arm, ref, (found) => shaping.toFinishParameters(spec, found));
    return toAccount(shaping, ref, account);
  } catch (error) {
    throw toDriverError(error, `finishing ${describeAccount(ref)}`, { complyingParameter: shaping.complyingParameter });
  }
}

async function enforceKeyless({ arm, shaping }: AccountsOptions, ref: AccountRef): Promise<Account> {
  const { resourceGroup, name } = ref;
  try {
    const { storageAccounts } = arm.subscription(ref.subscriptionId).storage;
    const account = await storageAccounts.getProperties(resourceGroup, name);
    const repair = () => storageAccounts.update(resourceGroup, name, shaping.toKeylessParameters(account));
    return toAccount(shaping, ref, await intending({ action: "repair" }, repair));
  } catch (error) {
    throw toDriverError(error, `turning every way in without Entra off again on ${describeAccount(ref)}`);
  }
}

/** PATCH replaces all tags: those that others have put there are read right before and sent again. */
async function restoreTags(
  { arm, shaping }: AccountsOptions,
  ref: AccountRef,
  tags: Readonly<Record<string, string>>,
): Promise<Account> {
  const { resourceGroup, name } = ref;
  try {
    const { storageAccounts } = arm.subscription(ref.subscriptionId).storage;
    const account = await storageAccounts.getProperties(resourceGroup, name);
    const { tags: present = {} } = account;
    const missing = Object.entries(tags).filter(([tag]) => findByName(present, tag) === undefined);
    if (missing.length === 0) return toAccount(shaping, ref, account);
    const all = { ...present, ...Object.fromEntries(missing) };
    const restore = () => storageAccounts.update(resourceGroup, name, { tags: all });
    return toAccount(shaping, ref, await intending({ action: "restore tags" }, restore));
  } catch (error) {
    throw toDriverError(error, `putting tags back on ${describeAccount(ref)}`);
  }
}

async function remove(arm: Arm, ref: AccountRef): Promise<void> {
  try {
    await arm.subscription(ref.subscriptionId).storage.storageAccounts.delete(ref.resourceGroup, ref.name);
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw toDriverError(error, `deleting ${describeAccount(ref)}`);
  }
}
