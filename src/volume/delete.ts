/**
 * The story of DeleteVolume, backwards: role assignments, container, and the account if it was made for this volume alone.
 * The volume id comes from whoever can write a PersistentVolume, so it is not trusted; what is already gone counts as done.
 */
import { DriverError } from "../errors.ts";
import { removeGrants } from "./access.ts";
import { parseVolumeId } from "./names.ts";
import { isForOneVolume, isOurs } from "./ownership.ts";
import type { Account, ContainerRef, Ports, Settings } from "./ports.ts";
import { isAllowedPlace } from "./volume-class.ts";

/** Throws NotOurs or InUse before anything is touched; any fault after that is unfinished, and the next attempt goes on. */
export async function deleteVolume(ports: Ports, settings: Settings, volumeId: string): Promise<void> {
  const container = parseVolumeId(volumeId);
  // CSI: an unknown id is a success. An id of a form that we never give out needs no call to be known as that.
  if (container === undefined) return;
  const account = await findOwnAccount(ports, settings, container);
  if (account === undefined) return;
  await assertReleased(ports, container);
  try {
    await removeAll(ports, container, account);
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

/** A container whose grant is still there stays: the grant of a re-created scope would come back to life. */
async function removeAll(ports: Ports, container: ContainerRef, account: Account): Promise<void> {
  await removeGrants(ports, container);
  await ports.containers.remove(container);
  if (isForOneVolume(account) && !(await ports.accounts.holdsContainers(account.ref))) {
    await ports.accounts.remove(account.ref);
  }
}

/** The account behind the id, if it exists and is ours; throws NotOurs for one that the id must not lead to. */
export async function findOwnAccount(
  ports: Ports,
  settings: Settings,
  { account: ref }: ContainerRef,
): Promise<Account | undefined> {
  if (!isAllowedPlace(settings, ref.subscriptionId, ref.resourceGroup)) {
    throw new DriverError(
      "NotOurs",
      `resource group ${ref.resourceGroup} in subscription ${ref.subscriptionId} is not one that the operator allows: ` +
        "nothing was touched; add it to --allowed-resource-groups if this controller should delete there",
    );
  }
  const account = ports.accounts.remembered(ref) ?? (await ports.accounts.find(ref));
  if (account === undefined || isOurs(account, settings)) return account;
  throw new DriverError(
    "NotOurs",
    `storage account ${ref.name} in resource group ${ref.resourceGroup} was not made by this controller ` +
      "(its keyless-csi tags do not give this name for --cluster-id or --also-owns): nothing was touched",
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
