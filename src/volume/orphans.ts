/**
 * What is left in Azure that nothing in the cluster needs: containers, accounts, grants and federated credentials of ours.
 * Reads only. Whatever may belong to a volume that lives, or is being made, is no orphan.
 */
import { type AccountFinding, type ContainerFinding, type Finding, isRetained } from "./finding.ts";
import { decodeAccountTags } from "./formats/account-tags.ts";
import { accountId } from "./formats/arm-ids.ts";
import { decodeMetadata } from "./formats/file-system-metadata.ts";
import { type HeldAccount, type Inventory, takeInventory } from "./inventory.ts";
import { containerId, parseVolumeId, volumeId } from "./names.ts";
import { findOrphanedCredentials } from "./orphaned-credentials.ts";
import { findOrphanedGrants } from "./orphaned-grants.ts";
import { isForOneVolume, isGiven, isOurs, mayHold, ownsCluster } from "./ownership.ts";
import type { Account, Container, Ports, Settings } from "./ports.ts";

export interface OrphanOptions {
  /** Containers and accounts that were changed or made within this time are left alone. */
  readonly olderThanMs: number;
  /** Of this machine's clock, in milliseconds since 1970; it must be off by less than `olderThanMs`. */
  readonly nowMs: number;
  /** Awaited before each list of containers. */
  readonly pace?: () => Promise<void>;
}

/** All findings, in the order in which they may be removed. */
export async function findOrphans(ports: Ports, settings: Settings, options: OrphanOptions): Promise<Finding[]> {
  return (await surveyOrphans(ports, settings, options)).findings;
}

/** The findings, and how many containers of ours the cluster does need: none at all may mean that it is another cluster. */
export async function surveyOrphans(
  ports: Ports,
  settings: Settings,
  options: OrphanOptions,
): Promise<{ readonly findings: Finding[]; readonly needed: number }> {
  const inventory = await takeInventory(ports, settings, options.pace);
  const { accounts, holders } = inventory;
  const containers = [...accounts.values()].flatMap((held) => held.containers);
  const left = findContainers(inventory, settings, options);
  const retained = left.filter(isRetained).map(({ container }) => container);
  const findings = [
    ...findOrphanedGrants(inventory, settings, retained),
    ...left,
    ...(await findAccounts(ports, inventory, settings, options)),
    ...(await findOrphanedCredentials(ports, settings, holders)),
  ];
  return { findings, needed: containers.filter(({ ref }) => holders.needContainer(ref.name)).length };
}

function findContainers({ accounts, holders }: Inventory, settings: Settings, options: OrphanOptions) {
  const isOrphan = (account: Account, container: Container) =>
    isOldEnough(container.modifiedAtMs, options) &&
    isOurContainer(account, container, settings) &&
    !holders.needContainer(container.ref.name);
  return [...accounts.values()].flatMap(({ account, containers }) =>
    containers
      .filter((container) => isOrphan(account, container))
      .map(({ ref }): ContainerFinding => {
        const because = `no PersistentVolume and no claim needs it${settings.retainsOnDelete ? "; retained" : ""}`;
        return {
          kind: "container",
          id: containerId(ref),
          because,
          container: ref,
          isRetained: settings.retainsOnDelete,
        };
      }),
  );
}

/**
 * In an account of ours every container whose name we can have given. In a given one others may call theirs `pvc-<uid>`
 * too, so there its metadata must say besides that it is of this cluster: it can only make a container be left alone.
 */
function isOurContainer(account: Account, { ref, metadata }: Container, settings: Settings): boolean {
  if (parseVolumeId(volumeId(ref)) === undefined || !mayHold(account, ref, settings)) return false;
  return !isGiven(account, settings) || ownsCluster(settings, decodeMetadata(metadata).clusterId ?? "");
}

async function findAccounts(
  ports: Ports,
  { accounts, holders }: Inventory,
  settings: Settings,
  options: OrphanOptions,
): Promise<AccountFinding[]> {
  const isEmpty = ({ account, containers }: HeldAccount) =>
    containers.length === 0 && isOldEnough(account.createdAtMs, options);
  const found: AccountFinding[] = [];
  for (const { account } of [...accounts.values()].filter(isEmpty)) {
    if (holders.needContainer(decodeAccountTags(account.tags).fileSystem ?? "")) continue;
    const because = await whyUnneeded(ports, settings, account);
    if (because !== undefined) found.push({ kind: "account", id: accountId(account.ref), because, account });
  }
  return found;
}

/** Why an account that holds no container will not get another one, or undefined when it may. */
export async function whyUnneeded(ports: Ports, settings: Settings, account: Account): Promise<string | undefined> {
  if (!isOurs(account, settings)) return undefined;
  if (isForOneVolume(account, settings)) return "it was made for one volume, whose container is gone";
  const { namespace, namespaceUid: uid } = decodeAccountTags(account.tags);
  if (namespace === undefined || uid === undefined || !ports.cluster.isConnected) return undefined;
  const isGone = (await ports.cluster.findNamespaceUid(namespace)) !== uid;
  return isGone ? `it was made for namespace ${namespace} (UID ${uid}), which does not exist any more` : undefined;
}

/** What ARM names no time for is never old enough. */
function isOldEnough(timeMs: number | undefined, { nowMs, olderThanMs }: OrphanOptions): boolean {
  return timeMs !== undefined && nowMs - timeMs > olderThanMs;
}
