/** The PersistentVolumes of this controller that are in use, by where Azure has them. */
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountRef, ClaimRef, ClusterVolume, FileSystemRef, ResourceGroupRef } from "../ports.ts";
import { groupKey, isAllowedGroup } from "../settings.ts";

/** A PersistentVolume that csi-provisioner has made for this driver and that is Bound. */
export interface BoundVolume {
  /** The PersistentVolume's name. */
  readonly name: string;
  readonly claim: ClaimRef & { readonly uid: string };
  readonly fileSystem: FileSystemRef;
  /** Of the identity that mounts it; undefined where the volume does not say. */
  readonly clientId: string | undefined;
}

export interface AccountInUse {
  readonly ref: AccountRef;
  readonly volumes: readonly BoundVolume[];
}

/** What one list of accounts and one of role assignments can tell of. */
export interface GroupInUse {
  readonly group: ResourceGroupRef;
  readonly accounts: readonly AccountInUse[];
}

/**
 * Known by the annotation that csi-provisioner writes, since a policy may have given them another driver's name (contract.md 1,
 * way B). Those that people write have none: what they mount was not made or opened by this controller.
 */
export function findBoundVolumes(
  volumes: readonly ClusterVolume[],
  { settings, backend }: Pick<Dependencies, "settings" | "backend">,
): BoundVolume[] {
  return volumes.flatMap((volume) => {
    const { name, phase, provisioner, claim, handle } = volume;
    if (phase !== "Bound" || provisioner !== settings.driverName || claim === undefined) return [];
    const fileSystem = backend.parseVolumeId(handle);
    if (fileSystem === undefined || !isAllowedGroup(settings, fileSystem.account)) return [];
    return [{ name, claim, fileSystem, clientId: backend.readReferences(volume).clientId }];
  });
}

/** In the order in which they come. */
export function groupByPlace(volumes: readonly BoundVolume[]): GroupInUse[] {
  const ofGroup = Map.groupBy(volumes, ({ fileSystem }) => groupKey(fileSystem.account));
  return [...ofGroup.values()].flatMap((inGroup) => {
    const accounts = [...Map.groupBy(inGroup, ({ fileSystem }) => accountKey(fileSystem.account)).values()];
    const inUse = accounts.flatMap((inAccount) => {
      const ref = inAccount[0]?.fileSystem.account;
      return ref === undefined ? [] : [{ ref, volumes: inAccount }];
    });
    const group = inUse[0]?.ref;
    return group === undefined ? [] : [{ group, accounts: inUse }];
  });
}
