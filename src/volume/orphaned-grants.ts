/** Role assignments of ours that open nothing: a name that were used again would bring them back to life. */
import { isOurGrant } from "./access.ts";
import type { GrantFinding } from "./finding.ts";
import { decodeDescription } from "./formats/role-assignment-description.ts";
import type { HeldAccount, Inventory } from "./inventory.ts";
import { containerId } from "./names.ts";
import { isForOneVolume, mayHold, ownsCluster } from "./ownership.ts";
import type { ContainerRef, ListedRoleAssignment, Settings } from "./ports.ts";

/** What a grant of ours can be at. */
export interface GrantScope {
  readonly account: string;
  /** Absent: the whole account. */
  readonly container?: string;
}

const SCOPE =
  /\/providers\/Microsoft\.Storage\/storageAccounts\/([^/]+)(?:\/blobServices\/default\/containers\/([^/]+))?$/i;

/** Undefined for a scope that we never grant at. */
export function parseGrantScope(scope: string): GrantScope | undefined {
  const [, account, container] = SCOPE.exec(scope) ?? [];
  if (account === undefined) return undefined;
  return { account: account.toLowerCase(), ...(container !== undefined && { container: container.toLowerCase() }) };
}

/** `retained` are the containers that are kept without a volume: their data stays, and nobody has access to it. */
export function findOrphanedGrants(
  inventory: Inventory,
  settings: Settings,
  retained: readonly ContainerRef[],
): GrantFinding[] {
  const kept = new Set(retained.map((container) => containerId(container).toLowerCase()));
  return inventory.grants.filter(isOurGrant).flatMap((grant) => {
    const because = kept.has(grant.scope.toLowerCase())
      ? "the container is retained without a volume"
      : judge(inventory, settings, grant);
    const id = `${grant.scope}/providers/Microsoft.Authorization/roleAssignments/${grant.name}`;
    return because === undefined ? [] : [{ kind: "grant" as const, id, because, grant }];
  });
}

function judge(inventory: Inventory, settings: Settings, grant: ListedRoleAssignment): string | undefined {
  const scope = parseGrantScope(grant.scope);
  if (scope === undefined || inventory.foreign.has(scope.account)) return undefined;
  const held = inventory.accounts.get(scope.account);
  if (held !== undefined) return judgeIn(held, settings, scope);
  // Without the account only the description tells of which cluster the grant was.
  return ownsCluster(settings, clusterIn(grant)) ? `storage account ${scope.account} is gone` : undefined;
}

function judgeIn({ account, containers }: HeldAccount, settings: Settings, scope: GrantScope): string | undefined {
  const { container } = scope;
  if (container !== undefined) {
    const isLeft = mayHold(account, { account: account.ref, name: container }, settings);
    return isLeft && !containers.some(({ ref }) => ref.name === container)
      ? `container ${container} is gone`
      : undefined;
  }
  // An account of one volume goes as a whole, with its grants.
  if (containers.length > 0 || isForOneVolume(account, settings)) return undefined;
  return `storage account ${account.ref.name} holds no container`;
}

function clusterIn({ description }: ListedRoleAssignment): string {
  return decodeDescription(description)?.clusterId ?? "";
}
