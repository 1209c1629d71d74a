/** Events on the claims whose volumes are in an account that is not keyless: some in each round, all of them over time. */
import { isTransient } from "../../errors.ts";
import { describeDrift } from "../account/keyless.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Account, ClaimRef, ClusterVolume } from "../ports.ts";

/** Of the event. docs/how-to/troubleshooting.md explains it. */
export const DRIFT_REASON = "AccountNotKeyless";

/** Claims of one round: thousands of volumes may be in open accounts. */
const CLAIMS = 50;

/**
 * The warnings of one round; answers what has failed. The claims that were warned the longest time ago come first. An event
 * that still exists is not written again (kubernetes/events.ts): one for each claim and hour, however many rounds. The log has
 * one line for each claim.
 */
export function createClaimWarnings({
  ports: { cluster, observer },
  backend,
}: Dependencies): (open: readonly Account[], signal: AbortSignal) => Promise<readonly unknown[]> {
  let round = 0;
  const logWarning = (isNew: boolean, warning: Parameters<typeof observer.warned>[0]) => {
    if (isNew) observer.warned(warning);
  };
  let warnedIn = new Map<string, number>();
  return async (open, signal) => {
    round += 1;
    if (open.length === 0 || !cluster.isConnected) {
      warnedIn = new Map();
      return [];
    }
    const problems: unknown[] = [];
    try {
      const claims = findClaims(await cluster.listVolumes(), open, backend);
      const lastRound = new Map(claims.map(({ claim: { uid } }) => [uid, warnedIn.get(uid) ?? 0]));
      warnedIn = lastRound;
      const due = claims.sort((a, b) => (lastRound.get(a.claim.uid) ?? 0) - (lastRound.get(b.claim.uid) ?? 0));
      for (const { claim, account, volume } of due.slice(0, CLAIMS)) {
        if (signal.aborted) break;
        const warning = warningOf(account);
        // In the log once: the state lasts, and each round would say the same.
        logWarning(lastRound.get(claim.uid) === 0, { volume, claim, className: undefined, ...warning });
        // Before the call: a claim that cannot be warned must not keep the others waiting.
        lastRound.set(claim.uid, round);
        await cluster.warnClaim(claim, claim, warning).catch((error) => problems.push(error));
        if (problems.some(isTransient)) break;
      }
    } catch (error) {
      problems.push(error);
    }
    return problems;
  };
}

interface AffectedClaim {
  /** The PersistentVolume's name. */
  readonly volume: string;
  readonly claim: ClaimRef & { readonly uid: string };
  readonly account: Account;
}

/** Account names are unique in all of Azure. */
function findClaims(
  volumes: readonly ClusterVolume[],
  open: readonly Account[],
  backend: Dependencies["backend"],
): AffectedClaim[] {
  const byName = new Map(open.map((account) => [account.ref.name.toLowerCase(), account]));
  return volumes.flatMap((volume) => {
    if (volume.phase !== "Bound" || volume.claim === undefined) return [];
    const name = backend.readReferences(volume).accounts.find((each) => byName.has(each.toLowerCase()));
    const account = name === undefined ? undefined : byName.get(name.toLowerCase());
    return account === undefined ? [] : [{ claim: volume.claim, account, volume: volume.name }];
  });
}

function warningOf(account: Account): { readonly reason: string; readonly message: string } {
  const message =
    `${describeDrift(account)}. The data of this claim is open to more than its own identity until an administrator turns ` +
    "this off; no new volume is created in the account";
  return { reason: DRIFT_REASON, message };
}
