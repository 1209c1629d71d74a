/** Which file systems are mounted as whom, by what PersistentVolumes of any driver state: only the cluster's administrators write them. */
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountRef, ClusterVolume, UserAssignedIdentity } from "../ports.ts";
import type { LeftOut, Mount } from "./access.ts";

/** Phases in which a PersistentVolume mounts nothing any more. */
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

/** A handle made by hand may name more than it mounts: what is no account's name leads nowhere. */
export function readMounts(
  { backend, settings }: Pick<Dependencies, "backend" | "settings">,
  { volumes, identities, accounts }: MountInput,
): Mounts {
  const byClientId = new Map(identities.map((identity) => [identity.clientId.toLowerCase(), identity]));
  const found = new Map<string, Map<string, Mount[]>>();
  const provisioned = new Set<string>();
  const leftOut: LeftOut[] = [];
  for (const volume of volumes) {
    if (LEFT_PHASES.includes(volume.phase)) continue;
    const { clientId, fileSystems } = backend.readReferences(volume);
    const identity = clientId === undefined ? undefined : byClientId.get(clientId.toLowerCase());
    const mount = { volume: volume.name, claim: volume.claim, clientId, identity };
    const isOurs = volume.provisioner === settings.driverName;
    const places = fileSystems.flatMap(({ name, accounts: names }) =>
      names.flatMap((each) => (each === name ? [] : { account: accounts.get(each), name })),
    );
    const known = places.flatMap(({ account, name }) => (account === undefined ? [] : [{ account, name }]));
    if (isOurs && known.length === 0) leftOut.push({ volume: volume.name, why: whyLeftOut(places.length) });
    for (const { account, name } of known) {
      if (isOurs) provisioned.add(account.name);
      const inAccount = found.get(accountKey(account)) ?? new Map<string, Mount[]>();
      found.set(accountKey(account), inAccount);
      inAccount.set(name, [...(inAccount.get(name) ?? []), mount]);
    }
  }
  return { of: (account) => found.get(accountKey(account)) ?? new Map(), provisioned, leftOut };
}

function whyLeftOut(named: number): string {
  return named === 0
    ? "it names no storage account"
    : "its storage account is gone, or in no resource group of --resource-group, --allowed-resource-groups and --overflow";
}
