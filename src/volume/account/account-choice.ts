/**
 * Step "account" of CreateVolume: the first account that is ours, else the first that Azure lets us create. No list call
 * (Azure allows 100 in 5 minutes): names are computed, and ARM is asked for each by its full id.
 */
import { allInOrder } from "../../concurrency/all-in-order.ts";
import { createSingleFlight, type SingleFlight } from "../../concurrency/single-flight.ts";
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { type AccountTags, CLUSTER_TAG, encodeAccountTags } from "../formats/account-tags.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountCandidate, AccountPlan } from "../plan.ts";
import type { Account, AccountRef, AccountSpec, CreatedAccount, Settings } from "../ports.ts";
import { refuseToUse } from "./another-mark.ts";
import { asCandidate, createTagKeeper, findCandidate, namespaceUnknown, type TagKeeper } from "./candidate-accounts.ts";
import type { FormerAccounts } from "./former-accounts.ts";
import { describeDrift, repairDrift } from "./keyless.ts";
import { lacksNamespaceUid } from "./lost-tags.ts";
import { isGiven, isOfAnotherMark, isOfNamespace, isOurs } from "./ownership.ts";
import { createFinisher, type Finisher } from "./unfinished.ts";
import { reportUnmarked } from "./unmarked.ts";

export interface AccountChoice {
  /** Every one of our accounts that may hold the volume already, of any namespace UID. Asks ARM for what is not remembered. */
  find(plan: AccountPlan, how?: Asking): Promise<readonly Account[]>;
  /**
   * The account, and whether this very call has created it. Throws Misconfigured for an account that is no longer keyless,
   * for one of our name that carries another cluster's mark, and when every name is in use by somebody else.
   */
  ensure(plan: AccountPlan): Promise<CreatedAccount>;
}

/** What counts as the absence of an account: only what ARM says now, or also what it has said within seconds (`wasAbsent`). */
export interface Asking {
  readonly absence: "now" | "recent";
}

interface ChoiceDependencies extends Dependencies {
  readonly former: FormerAccounts;
}

interface Choosing extends ChoiceDependencies {
  /** By the account's id: volumes that arrive together create one account. */
  readonly creating: SingleFlight<Account | "taken">;
  readonly keepTags: TagKeeper;
  readonly finish: Finisher;
}

export function createAccountChoice(deps: ChoiceDependencies): AccountChoice {
  const creating = createSingleFlight<Account | "taken">("account");
  const choosing: Choosing = { ...deps, creating, keepTags: createTagKeeper(deps), finish: createFinisher(deps) };
  return {
    find: async (plan, how) => (await survey(deps, plan, how)).ours,
    ensure: (plan) => ensureAccount(choosing, plan),
  };
}

/** What ARM knows of the candidates. */
interface Survey {
  /** Accounts that are ours, in the order of preference, of any namespace UID. */
  readonly ours: readonly Account[];
  /** Names that are free as far as ARM tells. */
  readonly free: readonly AccountCandidate[];
  /** One that would be ours if it did not carry another cluster's mark. */
  readonly another?: Account | undefined;
}

async function ensureAccount(deps: Choosing, plan: AccountPlan): Promise<CreatedAccount> {
  const { isolation, storageAccount } = plan.volumeClass;
  const namespaceUid = isolation === "namespace" ? await requireNamespaceUid(deps, plan) : undefined;
  const fits = (account: Account) => isOfNamespace(account, namespaceUid);
  const remembered = findRemembered(deps, plan, fits);
  if (remembered !== undefined) return { account: await prepare(deps, plan, remembered), isNew: false };
  const { ours, free, another } = await survey(deps, plan);
  const found = ours.find(fits);
  if (found !== undefined) return { account: await prepare(deps, plan, found), isNew: false };
  if (another !== undefined) throw refuseToUse(another, deps.settings);
  if (storageAccount !== undefined) throw free.length > 0 ? notFound(plan) : notGiven(storageAccount, deps.settings);
  const nameless = ours.find(lacksNamespaceUid);
  if (nameless !== undefined) throw namespaceUnknown(await deps.keepTags(nameless));
  const isRight = (account: Account) => isOurs(account, deps.settings) && fits(account);
  const created = await createFirst(deps, plan, {
    free,
    extraTags: namespaceUid === undefined ? {} : { namespaceUid },
    isRight,
    former: ours,
  });
  try {
    return { account: await prepare(deps, plan, created), isNew: true };
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

/** Every check and policy that an account must meet before a volume goes into it. */
async function prepare(deps: Choosing, plan: AccountPlan, seen: Account): Promise<Account> {
  const found = await deps.finish(seen, () => specOf(plan, seen));
  reportUnmarked(deps, found);
  deps.backend.assertFits(plan.volumeClass, found);
  const kept = await deps.keepTags(found);
  const account = await ensureKeyless(deps, kept);
  await deps.former.clear(account);
  await deps.ports.fileSystems.ensureRetention(account.ref, plan.accountShape);
  return account;
}

/** What our account was created from; undefined for one of an administrator. */
function specOf(plan: AccountPlan, { ref, tags: present }: Account): AccountSpec | undefined {
  const { tags } = plan.candidates.find((candidate) => accountKey(candidate.ref) === accountKey(ref)) ?? {};
  return tags && toSpec(plan, { ...encodeAccountTags(tags), ...present });
}

/** What a new account of the plan is created from; `ours` are the tags of one of its candidates. */
export function toSpec(
  { volumeClass: { location, tags }, accountShape }: AccountPlan,
  ours: AccountSpec["tags"],
): AccountSpec {
  return { location, tags: { ...tags, ...ours }, shape: accountShape };
}

/** Whether the account may hold volumes of the plan's class, whichever namespace it is for. */
function mayServe({ volumeClass }: AccountPlan, account: Account, settings: Settings): boolean {
  return volumeClass.storageAccount === undefined ? isOurs(account, settings) : isGiven(account, settings);
}

/** One that fits and has all its tags saves the calls for the others. */
function findRemembered(
  { ports, settings }: Dependencies,
  plan: AccountPlan,
  fits: (account: Account) => boolean,
): Account | undefined {
  for (const candidate of plan.candidates) {
    const account = ports.accounts.remembered(candidate.ref);
    if (account === undefined || asCandidate(account, candidate) !== account) continue;
    if (mayServe(plan, account, settings) && fits(account)) return account;
  }
  return undefined;
}

async function survey(
  { ports, settings }: Dependencies,
  plan: AccountPlan,
  { absence }: Asking = { absence: "now" },
): Promise<Survey> {
  const remembered = plan.candidates.map(({ ref }) => ports.accounts.remembered(ref));
  const found = await allInOrder(
    plan.candidates.map(async (candidate, index) =>
      absence === "recent" && remembered[index] === undefined && ports.accounts.wasAbsent(candidate.ref)
        ? undefined
        : await findCandidate({ ports }, candidate, remembered[index]),
    ),
  );
  // A name that somebody else uses in this very resource group is not free: a PUT would change their account.
  const free = plan.candidates.filter((_, index) => found[index] === undefined);
  const another = found.find((account) => account !== undefined && isOfAnotherMark(account, settings));
  const ours = found.filter(
    (account): account is Account => account !== undefined && mayServe(plan, account, settings),
  );
  return { ours, free, another };
}

interface Creation {
  readonly free: readonly AccountCandidate[];
  /** Tags beside the candidate's own. */
  readonly extraTags: Pick<AccountTags, "namespaceUid">;
  /** Whether the account is what was asked for: somebody may have been faster, for another namespace. */
  readonly isRight: (account: Account) => boolean;
  /** Our accounts of former namespaces of this name. */
  readonly former: readonly Account[];
}

async function createFirst(
  deps: Choosing,
  plan: AccountPlan,
  { free, extraTags, isRight, former }: Creation,
): Promise<Account> {
  for (const { ref, tags } of free) {
    if (tags === undefined) continue;
    const spec = toSpec(plan, encodeAccountTags({ ...tags, ...extraTags }));
    const created = await deps.creating.run(accountKey(ref), () => createAccount(deps, ref, spec));
    if (created === "taken") continue;
    if (isRight(created)) return created;
    if (isOfAnotherMark(created, deps.settings)) throw refuseToUse(created, deps.settings);
  }
  throw noNameLeft(plan, former);
}

async function createAccount({ ports }: Dependencies, ref: AccountRef, spec: AccountSpec): Promise<Account | "taken"> {
  const remembered = ports.accounts.remembered(ref);
  if (remembered !== undefined) return remembered;
  const created = await ports.accounts.create(ref, spec);
  if (created === "taken") return created;
  if (created.isNew) ports.accounts.confirm(created.account);
  return created.account;
}

function noNameLeft({ candidates, request }: AccountPlan, former: readonly Account[]): DriverError {
  const names = candidates.map(({ ref }) => ref.name).join(", ");
  if (former.length > 0) {
    return new DriverError(
      "Misconfigured",
      `accounts of former namespaces called ${request.claim?.namespace} hold the names of this class ` +
        `(${former.map(({ ref }) => ref.name).join(", ")}), and may hold data: a class that differs in its \`tags\` has names of its own`,
    );
  }
  return new DriverError(
    "Misconfigured",
    `every account name computed for this class is held by somebody else (${names}): a class that differs in its \`tags\` has others`,
  );
}

/** Drift is reported, and repaired where the operator wants that. */
async function ensureKeyless(deps: Dependencies, account: Account): Promise<Account> {
  if (account.nonEntraAccess.length === 0) return account;
  const { tags, lostTags } = account;
  deps.ports.observer.drifted(account);
  const repaired = await repairDrift(deps, account);
  if (repaired.nonEntraAccess.length === 0) return lostTags === undefined ? repaired : { ...repaired, tags, lostTags };
  throw new DriverError(
    "Misconfigured",
    `${describeDrift(repaired)}. Turn this off; no volume is created in it until then`,
  );
}

async function requireNamespaceUid({ ports }: Dependencies, { request }: AccountPlan): Promise<string> {
  const namespace = request.claim?.namespace ?? "";
  const uid = await ports.cluster.findNamespaceUid(namespace);
  if (uid !== undefined) return uid;
  throw new DriverError(
    "Misconfigured",
    `isolation "namespace" needs the UID of namespace ${namespace}, which is not to be found: ` +
      "check that the controller runs with --kubernetes=on and that the namespace exists",
  );
}

function notGiven(name: string, { clusterId }: Settings): DriverError {
  return new DriverError(
    "Misconfigured",
    `storageAccount "${name}" is not given to this controller: its administrator must make it keyless and tag it ` +
      `${CLUSTER_TAG}=${clusterId}`,
  );
}

function notFound({ volumeClass: { storageAccount, resourceGroup, subscriptionId } }: AccountPlan): DriverError {
  return new DriverError(
    "Misconfigured",
    `storageAccount "${storageAccount}" does not exist in resource group ${resourceGroup} of subscription ${subscriptionId}: correct ` +
      "storageAccount, resourceGroup or subscriptionID in a new class, or create the account there; a class without storageAccount gets " +
      "accounts that the controller creates",
  );
}
