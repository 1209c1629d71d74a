/**
 * Step "account" of CreateVolume: the first account that is ours, else the first that Azure lets us create. No list call
 * (100 in 5 minutes is Azure's limit): names are computed, and ARM is asked for each by its full id.
 */
import { DriverError } from "../errors.ts";
import { type AccountTags, CLUSTER_TAG, encodeAccountTags } from "./formats/account-tags.ts";
import { isGiven, isOfNamespace, isOurs } from "./ownership.ts";
import type { AccountCandidate, VolumePlan } from "./plan.ts";
import type { Account, Ports, Settings } from "./ports.ts";

/** What ARM knows of the candidates. */
interface Survey {
  /** Accounts that are ours, in the order of preference, of whichever namespace UID. */
  readonly ours: readonly Account[];
  /** Names that are free as far as ARM tells. */
  readonly free: readonly AccountCandidate[];
}

/** The account and whether this very call has made it. */
export interface ChosenAccount {
  readonly account: Account;
  readonly isNew: boolean;
}

/** Every account of ours that may hold the volume already, of whichever namespace UID. Asks ARM for what is not remembered. */
export async function findAccounts(ports: Ports, plan: VolumePlan, settings: Settings): Promise<readonly Account[]> {
  return (await survey(ports, plan, settings, () => false)).ours;
}

/** Throws Misconfigured for an account that is no longer keyless, and when every name is held by somebody else. */
export async function ensureAccount(ports: Ports, plan: VolumePlan, settings: Settings): Promise<ChosenAccount> {
  const { volumeClass } = plan;
  const namespaceUid = volumeClass.isolation === "namespace" ? await requireNamespaceUid(ports, plan) : undefined;
  const fits = (account: Account) => isOfNamespace(account, namespaceUid);
  const { ours, free } = await survey(ports, plan, settings, fits);
  const found = ours.find(fits);
  if (found === undefined && volumeClass.storageAccount !== undefined)
    throw notGiven(volumeClass.storageAccount, settings);
  const extra = namespaceUid === undefined ? {} : { namespaceUid };
  if (found !== undefined) return { account: await complete(ports, plan, settings, found), isNew: false };
  const isRight = (account: Account) => isOurs(account, settings) && fits(account);
  const made = await createFirst(ports, plan, { free, extra, isRight, former: ours });
  try {
    return { account: await complete(ports, plan, settings, made), isNew: true };
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

async function complete(ports: Ports, plan: VolumePlan, settings: Settings, found: Account): Promise<Account> {
  assertKind(plan, found);
  const account = await ensureKeyless(ports, settings, found);
  await ports.accounts.ensureRetention(account.ref, { ...plan.accountSpec, tags: account.tags });
  return account;
}

/** A remembered account that suffices saves the calls for the others. */
async function survey(
  ports: Ports,
  plan: VolumePlan,
  settings: Settings,
  suffices: (account: Account) => boolean,
): Promise<Survey> {
  const isOurAccount = (account: Account | undefined): account is Account =>
    account !== undefined &&
    (plan.volumeClass.storageAccount === undefined ? isOurs(account, settings) : isGiven(account, settings));
  const remembered = plan.candidates.map(({ ref }) => ports.accounts.remembered(ref));
  const known = remembered.filter(isOurAccount).find(suffices);
  if (known !== undefined) return { ours: [known], free: [] };
  const found = await Promise.all(
    plan.candidates.map(async ({ ref }, index) => remembered[index] ?? (await ports.accounts.find(ref))),
  );
  // A name that somebody else holds in this very resource group is not free: a PUT would change their account.
  const free = plan.candidates.filter((_, index) => found[index] === undefined);
  return { ours: found.filter(isOurAccount), free };
}

interface Creation {
  readonly free: readonly AccountCandidate[];
  /** Tags beside the candidate's own. */
  readonly extra: Pick<AccountTags, "namespaceUid">;
  /** Whether what was made is what was asked for: somebody may have been faster, for another namespace. */
  readonly isRight: (account: Account) => boolean;
  /** Accounts of ours of former namespaces of this name. */
  readonly former: readonly Account[];
}

async function createFirst(
  ports: Ports,
  plan: VolumePlan,
  { free, extra, isRight, former }: Creation,
): Promise<Account> {
  for (const { ref, tags } of free) {
    if (tags === undefined) continue;
    const all = { ...plan.classTags, ...encodeAccountTags({ ...tags, ...extra }) };
    const created = await ports.accounts.create(ref, { ...plan.accountSpec, tags: all });
    if (created !== "taken" && isRight(created)) return created;
  }
  const names = plan.candidates.map(({ ref }) => ref.name).join(", ");
  if (former.length > 0) {
    throw new DriverError(
      "Misconfigured",
      `accounts of former namespaces called ${plan.request.claim?.namespace} hold the names of this class ` +
        `(${former.map(({ ref }) => ref.name).join(", ")}): remove what nothing needs with \`keyless-csi orphans --delete\``,
    );
  }
  throw new DriverError(
    "Misconfigured",
    `every account name computed for this class is held by somebody else (${names}): free one of them, or change the class`,
  );
}

/** An administrator's account may be of the other kind than the class says; one of ours cannot (names.md, pool key). */
function assertKind({ volumeClass }: VolumePlan, { ref, isHnsEnabled }: Account): void {
  const { blobStorageAccountType: type } = volumeClass;
  const stated = volumeClass.isHnsEnabled ?? (type === undefined ? isHnsEnabled : type === "adls");
  if (stated === isHnsEnabled) return;
  const [what, says] = isHnsEnabled ? ["a", "none"] : ["no", "one"];
  throw new DriverError(
    "Misconfigured",
    `storageAccount "${ref.name}" has ${what} hierarchical namespace, and the class says that it has ${says} (isHnsEnabled, ` +
      "BlobStorageAccountType): make a class without these parameters, or name another account",
  );
}

/** Drift is told, and mended where the operator wants that; a given account is an administrator's to mend. */
async function ensureKeyless(ports: Ports, settings: Settings, account: Account): Promise<Account> {
  if (account.openings.length === 0) return account;
  ports.observer.drifted(account);
  const mended =
    settings.repairsDrift && isOurs(account, settings) ? await ports.accounts.close(account.ref) : undefined;
  if (mended !== undefined && mended.openings.length === 0) return mended;
  const { name, resourceGroup } = account.ref;
  throw new DriverError(
    "Misconfigured",
    `storage account ${name} in resource group ${resourceGroup} is not keyless: ${account.openings.join(", ")}. ` +
      "Turn this off; no volume is made in it until then",
  );
}

async function requireNamespaceUid(ports: Ports, { request }: VolumePlan): Promise<string> {
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
