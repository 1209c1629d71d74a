/**
 * The accounts that may hold a new volume, as ARM shows them. A candidate's name is computed from what its tags would say, so
 * an account under that name is ours even when somebody has replaced its tags: else the next claim would get a second one.
 */
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { type AccountTags, decodeAccountTags, encodeSingleTags } from "../formats/account-tags.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountCandidate } from "../plan.ts";
import type { Account } from "../ports.ts";
import { listFileSystems } from "./contents.ts";
import { restoringCommand, statedMark, withProvenTags } from "./lost-tags.ts";
import { mendTags } from "./mend-tags.ts";
import { isLeftToAnother } from "./ownership.ts";

/** The last answer for each account that is remembered: nearly every volume asks the same. */
const judged = new WeakMap<Account, { readonly tags: AccountTags; readonly whole: Account }>();

/** With what a candidate's name proves of the account; unchanged when its tags say something else. */
export function asCandidate(account: Account, { tags }: Partial<AccountCandidate> = {}): Account {
  if (tags === undefined) return account;
  const known = judged.get(account);
  if (known?.tags === tags) return known.whole;
  const whole = withProvenTags(account, tags) ?? account;
  judged.set(account, { tags, whole });
  return whole;
}

/** The candidate's account. One that lost its tags is not taken from memory: somebody may have put them back. */
export async function findCandidate(
  { ports }: Pick<Dependencies, "ports">,
  candidate: AccountCandidate,
  remembered: Account | undefined,
): Promise<Account | undefined> {
  const known = remembered && asCandidate(remembered, candidate);
  if (known !== undefined && known.lostTags === undefined) return known;
  const found = await ports.accounts.find(candidate.ref);
  return found && asCandidate(found, candidate);
}

/** Reports that an account lost its tags, and puts them back where the operator wants that. */
export type TagKeeper = (account: Account) => Account | Promise<Account>;

/** Throws Misconfigured when what is in the account says that it is another cluster's. */
export function createTagKeeper(deps: Dependencies): TagKeeper {
  // Azure allows few lists, and what an account says of its mark stays true until the tags are back.
  const marks = new Map<string, Readonly<Record<string, string>>>();
  const reading = createSingleFlight<Readonly<Record<string, string>>>("storage account");
  const keep = async (account: Account, key: string) => {
    const mark = marks.get(key) ?? (await reading.run(key, () => readMark(deps, account)));
    marks.set(key, mark);
    const whole = { ...account, lostTags: { ...account.lostTags, ...mark } };
    return await mendTags(deps, whole);
  };
  return (account) => {
    const key = accountKey(account.ref);
    if (account.lostTags !== undefined) return keep(account, key);
    marks.delete(key);
    return account;
  };
}

async function readMark(deps: Dependencies, account: Account) {
  const { settings, backend } = deps;
  const fileSystems = await listFileSystems(deps, account.ref);
  const foreign = fileSystems.find(({ metadata }) => isLeftToAnother(account, metadata, settings));
  if (foreign === undefined) return statedMark(account, fileSystems, settings);
  const { name, resourceGroup } = account.ref;
  throw new DriverError(
    "Misconfigured",
    `storage account ${name} in resource group ${resourceGroup} lost its keyless-csi tags, and ${backend.noun} ${foreign.ref.name} in it ` +
      "carries another cluster's mark: no volume is created in it until the tags that it had are put back",
  );
}

/** Of an account that was made for a namespace and no longer says for which UID: a recreated one must not inherit it. */
export function namespaceUnknown(account: Account): DriverError {
  const { ref, tags, createdAtMs } = account;
  const { namespace = "" } = decodeAccountTags(tags);
  const created = createdAtMs === undefined ? "" : ` (${new Date(createdAtMs).toISOString()})`;
  return new DriverError(
    "Misconfigured",
    `storage account ${ref.name} in resource group ${ref.resourceGroup} lost the tag with the UID of namespace ${namespace}, and takes ` +
      `no new volume until it is back: ${restoringCommand(account, encodeSingleTags({ namespaceUid: "<UID>" }))}. ` +
      `The UID is today's only if the namespace is older than the account${created}`,
  );
}
