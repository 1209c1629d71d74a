/** What a review has found that the claims do not account for, in numbers. */
import type { AccessReview, AccessState } from "./access.ts";

/** A role assignment counts once, however many volumes it opens. */
export interface Differences {
  /** Identities, each at one volume, that no role assignment lets in. */
  readonly missing: number;
  /** Role assignments at volumes and their accounts that no claim accounts for. */
  readonly unexpected: number;
  /** Role assignments above the accounts. */
  readonly inherited: number;
  /** Accounts that something other than an Entra identity can open. */
  readonly open: number;
}

export function countDifferences({ volumes, openAccounts }: AccessReview): Differences {
  const count = (state: AccessState) => {
    const found = volumes.flatMap(({ access }) => access.filter((each) => each.state === state));
    return new Set(found.map(({ assignment }) => assignment.name.toLowerCase())).size;
  };
  return {
    missing: volumes.reduce((sum, { missing }) => sum + missing.length, 0),
    unexpected: count("unexpected"),
    inherited: count("inherited"),
    open: openAccounts.length,
  };
}
