/**
 * The story of DeleteVolume, backwards: role assignments, container, and the account if it was made for this volume alone.
 * The volume id comes from whoever can write a PersistentVolume, so it is not trusted; what is already gone counts as done.
 */
import { DriverError } from "../errors.ts";
import { findOurGrants, removeGrants } from "./access.ts";
import { accountKey } from "./formats/arm-ids.ts";
import { encodeDescription } from "./formats/role-assignment-description.ts";
import { parseVolumeId } from "./names.ts";
import { isForOneVolume, mayHold } from "./ownership.ts";
import type { Account, ContainerRef, Ports, RoleAssignment, Settings } from "./ports.ts";
import { isAllowedPlace } from "./settings.ts";

/** Throws NotOurs or InUse before anything is touched; any fault after that is unfinished, and the next attempt goes on. */
export async function deleteVolume(ports: Ports, settings: Settings, volumeId: string): Promise<void> {
  const container = parseVolumeId(volumeId);
  // CSI: an unknown id is a success. An id of a form that we never give out needs no call to be known as that.
  if (container === undefined) return;
  const account = await findOwnAccount(ports, settings, container);
  if (account === undefined) return;
  await assertReleased(ports, container);
  try {
    const grants = await findOurGrants(ports, container);
    await removeGrants(ports, grants.atContainer);
    if (settings.retainsOnDelete) return;
    await ports.containers.remove(container);
    await removeEmptied(ports, settings, account, grants.atAccount);
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

/** Alone in the account, where others may be making volumes in it at this moment. */
export async function removeEmptied(
  ports: Ports,
  settings: Settings,
  account: Account,
  grants: readonly RoleAssignment[],
): Promise<void> {
  if (!isForOneVolume(account, settings) && grants.length === 0) return;
  const key = accountKey(account.ref);
  await ports.accountLock.exclusive(key, () => removeIfEmpty(ports, settings, account, grants));
}

/**
 * What an account that holds no container any more leaves: its grants, and itself if it was made for one volume. A volume
 * that another replica makes in it at this moment has looked for its grant before or after we took it away: in the first
 * case its container is seen here, and the grant given back.
 */
async function removeIfEmpty(
  ports: Ports,
  settings: Settings,
  account: Account,
  grants: readonly RoleAssignment[],
): Promise<void> {
  const isForOne = isForOneVolume(account, settings);
  if (await ports.accounts.holdsContainers(account.ref)) return;
  await removeGrants(ports, grants);
  if (isForOne) return await ports.accounts.remove(account.ref);
  if (!(await ports.accounts.holdsContainers(account.ref))) return;
  const description = encodeDescription({ clusterId: settings.clusterId });
  for (const grant of grants) await ports.roleAssignments.create(grant, description);
}

/** The account behind the id, if it exists and is ours; throws NotOurs for one that the id must not lead to. */
export async function findOwnAccount(
  ports: Ports,
  settings: Settings,
  container: ContainerRef,
): Promise<Account | undefined> {
  const ref = container.account;
  if (!isAllowedPlace(settings, ref.subscriptionId, ref.resourceGroup)) {
    throw new DriverError(
      "NotOurs",
      `resource group ${ref.resourceGroup} in subscription ${ref.subscriptionId} is not one that the operator allows: ` +
        "nothing was touched; add it to --allowed-resource-groups if this controller should delete there",
    );
  }
  const account = ports.accounts.remembered(ref) ?? (await ports.accounts.find(ref));
  if (account === undefined || mayHold(account, container, settings)) return account;
  throw new DriverError(
    "NotOurs",
    `container ${container.name} in storage account ${ref.name} of resource group ${ref.resourceGroup} was not made by this ` +
      "controller (the account's keyless-csi tags do not say so for --cluster-id or --also-owns): nothing was touched",
  );
}

/** The container is named after its PersistentVolume, so a forged handle in another volume cannot reach a live one. */
async function assertReleased(ports: Ports, container: ContainerRef): Promise<void> {
  if (!(await ports.cluster.isVolumeInUse(container.name))) return;
  throw new DriverError(
    "InUse",
    `PersistentVolume ${container.name} exists and is not released: the container of that name in ${container.account.name} ` +
      "is its data and was not touched",
  );
}
