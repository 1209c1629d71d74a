/** The review of access in the background: whether anything differs from what the claims say, in numbers. `keyless-csi access` says what. */
import type { Turn } from "../../concurrency/background.ts";
import type { Dependencies } from "../dependencies.ts";
import { countDifferences, type Differences } from "./differences.ts";
import { reviewAccess } from "./review.ts";

export interface BackgroundReviewOptions {
  /** Receives the numbers of each round. */
  readonly publish: (differences: Differences) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A round. What it cannot read ends it, and leaves the numbers of the round before. */
export function createBackgroundReview(
  deps: Dependencies,
  { publish, now }: BackgroundReviewOptions,
): (turn: Turn) => Promise<void> {
  let last: Differences = { missing: 0, unexpected: 0, inherited: 0, open: 0 };
  return async (turn) => {
    const review = await reviewAccess(deps, { nowMs: now(), spend: () => turn.spend() });
    turn.signal.throwIfAborted();
    const differences = countDifferences(review);
    if (!isSame(differences, last)) deps.ports.observer.accessDiffers(differences);
    last = differences;
    publish(differences);
  };
}

/** Accounts that are open have a check and a line of their own. */
function isSame(a: Differences, b: Differences): boolean {
  return a.missing === b.missing && a.unexpected === b.unexpected && a.inherited === b.inherited;
}
