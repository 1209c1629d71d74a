/** Storage accounts through ARM: found, made keyless, removed. What ARM has confirmed is remembered for a few minutes. */
import type { StorageAccount } from "@azure/arm-storage";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";
import { accountKey } from "../volume/formats/arm-ids.ts";
import type { Account, AccountRef, AccountSpec, Accounts, Place } from "../volume/ports.ts";
import { createContentsCheck } from "./account-contents.ts";
import { openingsOf, toClosingParameters, toCreateParameters } from "./account-properties.ts";
import type { Arm } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";

export interface AccountsOptions {
  readonly arm: Arm;
  /** How long a confirmation by ARM counts, at most 5 minutes. */
  readonly rememberMs: number;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /**
   * Called once for an account that was just made, before anybody is given it: what an account of the same name has left
   * behind, such as a role assignment, would come back to life in it.
   */
  readonly clear: (ref: AccountRef) => Promise<void>;
}

/** The name is held elsewhere in Azure: in another subscription, tenant or resource group. */
const TAKEN = ["StorageAccountAlreadyTaken", "StorageAccountInAnotherResourceGroup", "AccountNameNotAvailable"];
/** Somebody, most likely another replica of ours, is making it at this moment. */
const BEING_MADE = [
  "StorageAccountBeingCreated",
  "StorageAccountIsNotProvisioned",
  "StorageAccountOperationInProgress",
];
const EXISTS = ["StorageAccountAlreadyExists", "InvalidResourceLocation"];

/** Making an account in a group that is gone is refused; deleting in it is done. */
const ABSENT = ["ResourceNotFound", "ResourceGroupNotFound"];

/** Creation takes 20 to 30 s in Azure; past this something is wrong, and the caller tries again. */
const SETTLE_ATTEMPTS = 60;
const SETTLE_INTERVAL_MS = 2_000;

const CLOSE_INTERVAL_MS = 3_600_000;

/** The port, and a way to say that what was remembered is no longer true. */
export interface RememberingAccounts extends Accounts {
  forget(ref: AccountRef): void;
}

export function createAccounts(options: AccountsOptions): RememberingAccounts {
  const accounts = createTtlCache<Account>(options.rememberMs, options.now);
  const retention = createTtlCache<true>(options.rememberMs, options.now);
  // Where a policy opens the account again, closing it at every call would be a fight without end.
  const closed = createTtlCache<true>(CLOSE_INTERVAL_MS, options.now);
  const finding = createSingleFlight<Account | undefined>();
  const making = createSingleFlight<Account | "taken">();
  const keyOf = accountKey;

  /** An account that is not keyless is not remembered: it may be mended at any moment. */
  const remember = (account: Account): Account => {
    if (account.openings.length === 0) accounts.set(keyOf(account.ref), account);
    return account;
  };
  const find = (ref: AccountRef) =>
    finding.run(keyOf(ref), async () => {
      const found = await getSettled(options, ref);
      return found && remember(toAccount(ref, found));
    });
  return {
    remembered: (ref) => accounts.get(keyOf(ref)),
    find,
    create: (ref, spec) =>
      making.run(keyOf(ref), async () => {
        const made = accounts.get(keyOf(ref)) ?? (await put(options, ref, spec)) ?? (await find(ref));
        return made === undefined ? "taken" : made === "taken" ? made : remember(made);
      }),
    async ensureRetention(ref, spec) {
      if (spec.softDeleteBlobsDays === undefined && spec.softDeleteContainersDays === undefined) return;
      if (retention.get(keyOf(ref)) !== undefined) return;
      await putRetention(options.arm, ref, spec);
      retention.set(keyOf(ref), true);
    },
    list: (place) => list(options.arm, place),
    async close(ref) {
      if (closed.get(keyOf(ref)) !== undefined) return undefined;
      const account = await close(options.arm, ref);
      closed.set(keyOf(ref), true);
      return remember(account);
    },
    holdsContainers: createContentsCheck(options),
    async remove(ref) {
      accounts.delete(keyOf(ref));
      await remove(options.arm, ref);
      accounts.delete(keyOf(ref));
    },
    forget: (ref) => accounts.delete(keyOf(ref)),
  };
}

function toAccount(ref: AccountRef, account: StorageAccount): Account {
  const { tags = {}, creationTime, isHnsEnabled = false } = account;
  return {
    ...{ ref, tags, openings: openingsOf(account), isHnsEnabled },
    ...(creationTime && { createdAtMs: creationTime.getTime() }),
  };
}

async function get(arm: Arm, ref: AccountRef): Promise<StorageAccount | undefined> {
  try {
    const { storage } = arm.subscription(ref.subscriptionId);
    return await storage.storageAccounts.getProperties(ref.resourceGroup, ref.name);
  } catch (error) {
    if (ABSENT.includes(codeOf(error) ?? "")) return undefined;
    throw toDriverError(error, `reading ${describe(ref)}`);
  }
}

/** Waits while it is still being made: a container cannot be put in before that. */
async function getSettled(options: AccountsOptions, ref: AccountRef): Promise<StorageAccount | undefined> {
  for (let attempt = 0; ; attempt++) {
    const account = await get(options.arm, ref);
    const isSettled = account?.provisioningState === undefined || account.provisioningState === "Succeeded";
    if (isSettled || attempt === SETTLE_ATTEMPTS) return account;
    await options.sleep(SETTLE_INTERVAL_MS);
  }
}

/** The new account, `"taken"`, or undefined when it is there (or on its way) already and has to be looked at. */
async function put(
  options: AccountsOptions,
  ref: AccountRef,
  spec: AccountSpec,
): Promise<Account | "taken" | undefined> {
  let isAccepted = false;
  try {
    const { storage } = options.arm.subscription(ref.subscriptionId);
    const poller = storage.storageAccounts.create(ref.resourceGroup, ref.name, toCreateParameters(spec));
    await poller.submitted();
    isAccepted = true;
    const made = await poller.pollUntilDone();
    await options.clear(ref);
    return toAccount(ref, made);
  } catch (error) {
    const code = codeOf(error) ?? "";
    if (TAKEN.includes(code)) return "taken";
    if (BEING_MADE.includes(code) || EXISTS.includes(code)) return undefined;
    const failure = toDriverError(error, `creating ${describe(ref)}`);
    if (!isAccepted) throw failure;
    // A role scoped to the resource group may not be allowed to read the operation's own address (azure.md 2).
    if (statusOf(error) === 403 && (await get(options.arm, ref).catch(() => undefined)) !== undefined) return undefined;
    // ARM has taken the request: whatever its polling says, an account may be there.
    throw DriverError.unfinished(failure);
  }
}

/** PUT replaces the policies it states, so it is sent only when they differ. */
async function putRetention(arm: Arm, ref: AccountRef, spec: AccountSpec): Promise<void> {
  const { blobServices } = arm.subscription(ref.subscriptionId).storage;
  try {
    const wanted = { blobs: spec.softDeleteBlobsDays, containers: spec.softDeleteContainersDays };
    const service = await blobServices.getServiceProperties(ref.resourceGroup, ref.name);
    const isAsWanted =
      hasDays(service.deleteRetentionPolicy, wanted.blobs) &&
      hasDays(service.containerDeleteRetentionPolicy, wanted.containers);
    if (isAsWanted) return;
    await blobServices.setServiceProperties(ref.resourceGroup, ref.name, {
      ...(wanted.blobs !== undefined && { deleteRetentionPolicy: policy(wanted.blobs) }),
      ...(wanted.containers !== undefined && { containerDeleteRetentionPolicy: policy(wanted.containers) }),
    });
  } catch (error) {
    throw toDriverError(error, `setting soft delete on ${describe(ref)}`);
  }
}

const policy = (days: number) => (days === 0 ? { enabled: false } : { enabled: true, days });

function hasDays(current: { enabled?: boolean; days?: number } | undefined, days: number | undefined): boolean {
  if (days === undefined) return true;
  return (current?.enabled === true ? (current.days ?? 0) : 0) === days;
}

async function list(arm: Arm, place: Place): Promise<Account[]> {
  const { subscriptionId, resourceGroup } = place;
  try {
    const found: Account[] = [];
    const { storageAccounts } = arm.subscription(subscriptionId).storage;
    for await (const account of storageAccounts.listByResourceGroup(resourceGroup)) {
      found.push(toAccount({ subscriptionId, resourceGroup, name: account.name ?? "" }, account));
    }
    return found;
  } catch (error) {
    if (codeOf(error) === "ResourceGroupNotFound") return [];
    throw toDriverError(error, `listing the storage accounts of resource group ${resourceGroup}`);
  }
}

async function close(arm: Arm, ref: AccountRef): Promise<Account> {
  try {
    const { storageAccounts } = arm.subscription(ref.subscriptionId).storage;
    const account = await storageAccounts.getProperties(ref.resourceGroup, ref.name);
    return toAccount(ref, await storageAccounts.update(ref.resourceGroup, ref.name, toClosingParameters(account)));
  } catch (error) {
    throw toDriverError(error, `turning keys and anonymous access off again on ${describe(ref)}`);
  }
}

async function remove(arm: Arm, ref: AccountRef): Promise<void> {
  try {
    await arm.subscription(ref.subscriptionId).storage.storageAccounts.delete(ref.resourceGroup, ref.name);
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw toDriverError(error, `deleting ${describe(ref)}`);
  }
}

function describe(ref: AccountRef): string {
  return `storage account ${ref.name} in resource group ${ref.resourceGroup}`;
}
