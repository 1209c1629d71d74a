/** Which file systems are mounted as whom, by what PersistentVolumes of any driver state: only the cluster's administrators write them. */
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountRef, ClusterVolume, UserAssignedIdentity } from "../ports.ts";
import type { LeftOut, Mount } from "./access.ts";

/** Phases of a PersistentVolume whose claim is gone. */
const LEFT_PHASES = ["Released", "Failed"];

export interface Mounts {
  /** By the file system's name. */
  of(account: AccountRef): ReadonlyMap<string, readonly Mount[]>;
  /** Names of accounts that csi-provisioner's PersistentVolumes for this driver name. */
  readonly provisioned: ReadonlySet<string>;
  readonly leftOut: readonly LeftOut[];
}

export interface MountInput {
  readonly volumes: readonly ClusterVolume[];
  readonly identities: readonly UserAssignedIdentity[];
  /** Accounts that exist, by their names, which are unique in all of Azure. */
  readonly accounts: ReadonlyMap<string, AccountRef>;
}

export function readMounts(
  { backend, settings }: Pick<Dependencies, "backend" | "settings">,
  { volumes, identities, accounts }: MountInput,
): Mounts {
  const byClientId = new Map(identities.map((identity) => [identity.clientId.toLowerCase(), identity]));
  const found = new Map<string, Map<string, Mount[]>>();
  const provisioned = new Set<string>();
  const leftOut: LeftOut[] = [];
  for (const volume of volumes) {
    const { clientId, mounted } = backend.readReferences(volume);
    const account = accounts.get(mounted?.account ?? "");
    const isOurs = volume.provisioner === settings.driverName;
    const isReleased = LEFT_PHASES.includes(volume.phase);
    if (isOurs && account === undefined && !isReleased) leftOut.push({ volume: volume.name, why: ELSEWHERE });
    if (mounted === undefined || account === undefined) continue;
    if (isOurs) provisioned.add(account.name);
    const identity = byClientId.get(clientId?.toLowerCase() ?? "");
    const mount = { volume: volume.name, claim: volume.claim, isReleased, clientId, identity };
    const inAccount = found.get(accountKey(account)) ?? new Map<string, Mount[]>();
    found.set(accountKey(account), inAccount);
    inAccount.set(mounted.name, [...(inAccount.get(mounted.name) ?? []), mount]);
  }
  return { of: (account) => found.get(accountKey(account)) ?? new Map(), provisioned, leftOut };
}

const ELSEWHERE =
  "its storage account is gone, or in no resource group of --resource-group, --allowed-resource-groups and --overflow";
