/** The account behind a volume id. The id comes from anyone who can write a PersistentVolume, so it is not trusted. */
import { DriverError } from "../errors.ts";
import type { Dependencies } from "./dependencies.ts";
import { mayHold } from "./ownership.ts";
import type { Account, FileSystemRef } from "./ports.ts";
import { isAllowedGroup } from "./settings.ts";

/** Undefined when it does not exist. Throws NotOurs for an account that the id must not lead to. */
export async function findOwnAccount(
  { ports, settings, backend }: Dependencies,
  fileSystem: FileSystemRef,
): Promise<Account | undefined> {
  const ref = fileSystem.account;
  if (!isAllowedGroup(settings, ref)) {
    throw new DriverError(
      "NotOurs",
      `resource group ${ref.resourceGroup} in subscription ${ref.subscriptionId} is not one that the operator allows: ` +
        "nothing was touched; add it to --allowed-resource-groups if this controller should delete there",
    );
  }
  const account = ports.accounts.remembered(ref) ?? (await ports.accounts.find(ref));
  if (account === undefined || mayHold(account, fileSystem, settings)) return account;
  throw new DriverError(
    "NotOurs",
    `${backend.noun} ${fileSystem.name} in storage account ${ref.name} of resource group ${ref.resourceGroup} was not made by this ` +
      "controller (the account's keyless-csi tags do not say so for --cluster-id or --also-owns): nothing was touched",
  );
}
