/** The account behind a volume id. The id comes from anyone who can write a PersistentVolume, so it is not trusted. */
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import type { Account, AccountRef, FileSystem, FileSystemRef } from "../ports.ts";
import { isAllowedGroup } from "../settings.ts";
import { refuseToDelete } from "./another-mark.ts";
import { lacksTags, restoringAdvice, restoringCommand } from "./lost-tags.ts";
import { isLeftToAnother, isMarked, isOfAnotherMark, type Marks, mayHold } from "./ownership.ts";
import { recognise } from "./recognition.ts";
import { reportUnmarked } from "./unmarked.ts";

/** What the id leads to, when not to an account of this controller: a success to CSI when a volume is to be deleted. */
export type Missing = "account" | "file system";

/**
 * The account, or what does not exist. Throws NotOurs for an account that the id must not lead to. One that lost its tags is
 * ours where its name proves it. A mark matters to a deletion alone: a volume is expanded by a PersistentVolume of this
 * cluster, and loses nothing.
 */
export async function findOwnAccount(
  deps: Dependencies,
  fileSystem: FileSystemRef,
  marks: Marks,
): Promise<Account | Missing> {
  const { ports, settings } = deps;
  const ref = fileSystem.account;
  if (!isAllowedGroup(settings, ref)) {
    throw new DriverError(
      "NotOurs",
      `resource group ${ref.resourceGroup} in subscription ${ref.subscriptionId} is not one that the operator allows: ` +
        "nothing was touched; add it to --allowed-resource-groups if this controller should delete there",
    );
  }
  // Before a deletion ARM is asked: an administrator may have given the account to another cluster since.
  const remembered = marks === "any" ? ports.accounts.remembered(ref) : undefined;
  const found = remembered ?? (await ports.accounts.find(ref));
  if (found === undefined) return "account";
  const account = lacksTags(found, settings) ? await findLostTags(deps, ref, fileSystem) : found;
  if (typeof account === "string") return account;
  if (mayHold(account, fileSystem, settings, marks)) {
    reportUnmarked(deps, account);
    return account;
  }
  if (account.lostTags !== undefined) throw withoutTags(account);
  if (isOfAnotherMark(account, settings)) throw refuseToDelete(account, settings);
  throw notOurs(deps, fileSystem);
}

/** Whether the account is ours as far as is remembered: enough to refuse a deletion, and not to begin one. */
export function isRememberedAsOurs({ ports, settings }: Dependencies, fileSystem: FileSystemRef): boolean {
  const account = ports.accounts.remembered(fileSystem.account);
  return account !== undefined && mayHold(account, fileSystem, settings);
}

/** Asks ARM again, since somebody may have put the tags back, and what is in the account. */
async function findLostTags(
  deps: Dependencies,
  ref: AccountRef,
  fileSystem: FileSystemRef,
): Promise<Account | Missing> {
  const { ports, settings } = deps;
  const account = await ports.accounts.find(ref);
  if (account === undefined) return "account";
  const existing = await ports.fileSystems.find(fileSystem);
  const whole = await recognise(deps, account, [existing ?? { ref: fileSystem, metadata: {} }]);
  if (whole.lostTags !== undefined) ports.observer.tagsLost(whole, restoringAdvice(whole));
  // Nothing is left that could prove anything, and nothing that could be deleted either.
  const isSilent = decodeAccountTags(account.tags).clusterId === undefined;
  return existing === undefined && isSilent && !mayHold(whole, fileSystem, settings) ? "file system" : whole;
}

/** The name proves more than the tags say, and not enough: a former cluster's mark has to be there. */
function withoutTags(account: Account): DriverError {
  const { name, resourceGroup } = account.ref;
  return new DriverError(
    "NotOurs",
    `storage account ${name} in resource group ${resourceGroup} lost its keyless-csi tags, and nothing else says whether --also-owns ` +
      `covers it: nothing was touched. Put them back: ${restoringCommand(account)}`,
  );
}

function notOurs({ backend }: Dependencies, { name, account }: FileSystemRef): DriverError {
  return new DriverError(
    "NotOurs",
    `${backend.noun} ${name} in storage account ${account.name} of resource group ${account.resourceGroup} was not made by this ` +
      "controller (the account's keyless-csi tags do not say so for --cluster-id or --also-owns): nothing was touched",
  );
}

/**
 * Throws NotOurs for what another cluster may need: without Kubernetes whatever is marked, since nobody can say what is in
 * use; in an account without a mark a file system whose metadata carries another cluster's.
 */
export function assertNotOfAnother(
  { settings, backend }: Dependencies,
  account: Account,
  fileSystem: FileSystem | undefined,
): void {
  if (isMarked(account)) {
    if (settings.clusterUid === undefined) throw refuseToDelete(account, settings);
    return;
  }
  if (fileSystem === undefined || !isLeftToAnother(account, fileSystem.metadata, settings)) return;
  throw new DriverError(
    "NotOurs",
    `the metadata of ${backend.noun} ${fileSystem.ref.name} in storage account ${account.ref.name} carries a mark that is not this cluster's: ` +
      "nothing was touched",
  );
}
