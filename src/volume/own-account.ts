/** The account behind a volume id. The id comes from anyone who can write a PersistentVolume, so it is not trusted. */
import { DriverError } from "../errors.ts";
import { refuseToDelete } from "./another-mark.ts";
import type { Dependencies } from "./dependencies.ts";
import { isLeftToAnother, isMarked, isOfAnotherMark, type Marks, mayHold } from "./ownership.ts";
import type { Account, FileSystemRef } from "./ports.ts";
import { isAllowedGroup } from "./settings.ts";
import { reportUnmarked } from "./unmarked.ts";

/**
 * Undefined when it does not exist. Throws NotOurs for an account that the id must not lead to. A mark matters to a
 * deletion alone: a volume is expanded by a PersistentVolume of this cluster, and loses nothing.
 */
export async function findOwnAccount(
  deps: Dependencies,
  fileSystem: FileSystemRef,
  marks: Marks,
): Promise<Account | undefined> {
  const { ports, settings, backend } = deps;
  const ref = fileSystem.account;
  if (!isAllowedGroup(settings, ref)) {
    throw new DriverError(
      "NotOurs",
      `resource group ${ref.resourceGroup} in subscription ${ref.subscriptionId} is not one that the operator allows: ` +
        "nothing was touched; add it to --allowed-resource-groups if this controller should delete there",
    );
  }
  const account = ports.accounts.remembered(ref) ?? (await ports.accounts.find(ref));
  if (account === undefined) return undefined;
  if (mayHold(account, fileSystem, settings, marks)) {
    reportUnmarked(deps, account);
    return account;
  }
  if (isOfAnotherMark(account, settings)) throw refuseToDelete(account, settings);
  throw new DriverError(
    "NotOurs",
    `${backend.noun} ${fileSystem.name} in storage account ${ref.name} of resource group ${ref.resourceGroup} was not made by this ` +
      "controller (the account's keyless-csi tags do not say so for --cluster-id or --also-owns): nothing was touched",
  );
}

/**
 * Throws NotOurs for what another cluster may need: without Kubernetes whatever is marked, since nobody can say what is in
 * use; in an account without a mark a file system whose metadata carries another cluster's.
 */
export async function assertNotOfAnother(
  { ports, settings, backend }: Dependencies,
  account: Account,
  ref: FileSystemRef,
): Promise<void> {
  if (isMarked(account)) {
    if (settings.clusterUid === undefined) throw refuseToDelete(account, settings);
    return;
  }
  const fileSystem = await ports.fileSystems.find(ref);
  if (fileSystem === undefined || !isLeftToAnother(account, fileSystem.metadata, settings)) return;
  throw new DriverError(
    "NotOurs",
    `the metadata of ${backend.noun} ${ref.name} in storage account ${ref.account.name} carries a mark that is not this cluster's: ` +
      "nothing was touched",
  );
}
