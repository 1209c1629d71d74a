/** Warnings on many claims: some in each round, all of them over time. */
import { isTransient } from "../../errors.ts";
import type { ClaimRef, Ports, Warning } from "../ports.ts";

/** A claim whose volume is in a state that lasts. */
export interface DueWarning {
  /** The PersistentVolume's name. */
  readonly volume: string;
  readonly claim: ClaimRef & { readonly uid: string };
  readonly warning: Warning;
}

/** Claims of one round: thousands of volumes may be affected by one cause. */
const CLAIMS = 50;

/**
 * Writes the warnings of one round; answers what has failed. The claims that were warned the longest time ago come first. An event
 * that still exists is not written again (kubernetes/events.ts): one for each claim and hour, however many rounds. The log has
 * one line for each claim.
 */
export function createClaimWarnings({
  cluster,
  observer,
}: Pick<Ports, "cluster" | "observer">): (
  due: readonly DueWarning[],
  signal: AbortSignal,
) => Promise<readonly unknown[]> {
  let round = 0;
  /** By claim and reason. */
  let warnedIn = new Map<string, number>();
  return async (due, signal) => {
    round += 1;
    const lastRound = new Map(due.map((each) => [keyOf(each), warnedIn.get(keyOf(each)) ?? 0]));
    warnedIn = lastRound;
    const lastOf = (each: DueWarning) => lastRound.get(keyOf(each)) ?? 0;
    const problems: unknown[] = [];
    for (const each of [...due].sort((a, b) => lastOf(a) - lastOf(b)).slice(0, CLAIMS)) {
      if (signal.aborted) break;
      const { volume, claim, warning } = each;
      // In the log once: the state lasts, and each round would say the same.
      if (lastOf(each) === 0) observer.warned({ volume, claim, className: undefined, ...warning });
      // Before the call: a claim that cannot be warned must not keep the others waiting.
      lastRound.set(keyOf(each), round);
      await cluster.warnClaim(claim, claim, warning).catch((error) => problems.push(error));
      if (problems.some(isTransient)) break;
    }
    return problems;
  };
}

function keyOf({ claim, warning }: DueWarning): string {
  return `${claim.uid} ${warning.reason}`;
}
