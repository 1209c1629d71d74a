/**
 * What is there, for `orphans`: read in an order in which a volume that comes into being meanwhile is never mistaken for
 * an orphan. CreateVolume makes claim, account, container, grant, PersistentVolume in this order, so the lists go the
 * other way round, and who needs a container is asked last.
 */
import { type Holders, readHolders } from "./holders.ts";
import { isGiven, isOurs } from "./ownership.ts";
import type { Account, Container, ListedRoleAssignment, Ports, Settings } from "./ports.ts";
import { allowedPlaces } from "./settings.ts";

/** An account that we made or were given, and what is in it. */
export interface HeldAccount {
  readonly account: Account;
  readonly containers: readonly Container[];
}

export interface Inventory {
  /** In every allowed place. */
  readonly grants: readonly ListedRoleAssignment[];
  /** By name, which is unique in all of Azure. */
  readonly accounts: ReadonlyMap<string, HeldAccount>;
  /** Names of accounts in the allowed places that are not ours. */
  readonly foreign: ReadonlySet<string>;
  readonly holders: Holders;
}

/** Azure's own page limit. */
const PAGE = 5_000;

/** `pace` is awaited before each list of containers: Azure allows 100 in 5 minutes, and there may be 250 accounts. */
export async function takeInventory(
  ports: Ports,
  settings: Settings,
  pace: () => Promise<void> = async () => {},
): Promise<Inventory> {
  const places = allowedPlaces(settings);
  const grants: ListedRoleAssignment[] = [];
  for (const place of places) grants.push(...(await ports.roleAssignments.listIn(place)));
  const accounts = new Map<string, HeldAccount>();
  const foreign = new Set<string>();
  for (const place of places) {
    for (const account of await ports.accounts.list(place)) {
      const isKnown = isOurs(account, settings) || isGiven(account, settings);
      if (isKnown) accounts.set(account.ref.name, { account, containers: await listContainers(ports, account, pace) });
      else foreign.add(account.ref.name);
    }
  }
  return { grants, accounts, foreign, holders: await readHolders(ports.cluster) };
}

async function listContainers(ports: Ports, { ref }: Account, pace: () => Promise<void>): Promise<Container[]> {
  const found: Container[] = [];
  let continuation: string | undefined;
  do {
    await pace();
    const page = await ports.containers.list(ref, PAGE, continuation);
    found.push(...page.containers);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}
