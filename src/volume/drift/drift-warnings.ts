/** Events on the claims whose volumes are in an account that is not keyless. */
import { describeDrift } from "../account/keyless.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Account, ClusterVolume } from "../ports.ts";
import { createClaimWarnings, type DueWarning } from "./claim-warnings.ts";

/** Of the event. docs/how-to/troubleshooting.md explains it. */
export const DRIFT_REASON = "AccountNotKeyless";

/** The warnings of one round; answers what has failed. PersistentVolumes are read only while an account is open. */
export function createDriftWarnings({
  ports,
  backend,
}: Dependencies): (open: readonly Account[], signal: AbortSignal) => Promise<readonly unknown[]> {
  const { cluster } = ports;
  const warn = createClaimWarnings(ports);
  return async (open, signal) => {
    if (open.length === 0 || !cluster.isConnected) return await warn([], signal);
    try {
      return await warn(findDue(await cluster.listVolumes(), open, backend), signal);
    } catch (error) {
      return [error];
    }
  };
}

/** Account names are unique in all of Azure. */
function findDue(
  volumes: readonly ClusterVolume[],
  open: readonly Account[],
  backend: Dependencies["backend"],
): DueWarning[] {
  const byName = new Map(open.map((account) => [account.ref.name.toLowerCase(), account]));
  return volumes.flatMap((volume) => {
    if (volume.phase !== "Bound" || volume.claim === undefined) return [];
    const name = backend.readReferences(volume).accounts.find((each) => byName.has(each.toLowerCase()));
    const account = name === undefined ? undefined : byName.get(name.toLowerCase());
    return account === undefined ? [] : [{ volume: volume.name, claim: volume.claim, warning: warningOf(account) }];
  });
}

function warningOf(account: Account): { readonly reason: string; readonly message: string } {
  const message =
    `${describeDrift(account)}. The data of this claim is open to more than its own identity until an administrator turns ` +
    "this off; no new volume is created in the account";
  return { reason: DRIFT_REASON, message };
}
