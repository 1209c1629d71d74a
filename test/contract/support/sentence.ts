// What a chapter of the contract is made of: sentences about Azure, each with its source and the check that proves it.
import type { Cloud } from "./cloud.ts";

/**
 * What a sentence needs that a real subscription does not offer: control over Azure itself (its clock, its limits, other
 * people's resources), or a token of an external issuer that Entra can verify (in `KEYLESS_CSI_LIVE_ASSERTION_FILE`).
 */
export type Need = { readonly control: string } | { readonly assertion: true };

export interface Sentence {
  /** The sentence: what Azure does. */
  readonly says: string;
  /** The document that it is based on; see `sources.ts`. */
  readonly source: string;
  readonly needs?: Need;
  /** Throws when Azure does otherwise. Creates what it needs, under names that the cloud generates. */
  check(cloud: Cloud): Promise<void>;
}

export interface Chapter {
  readonly title: string;
  readonly sentences: readonly Sentence[];
}

/** What a run provides. */
export interface Offer {
  readonly isLive: boolean;
  readonly hasAssertion: boolean;
}

/** Why a sentence cannot be checked in this run, or undefined when it can. On the emulator every sentence can. */
export function reasonToLeaveOut({ needs }: Sentence, { isLive, hasAssertion }: Offer): string | undefined {
  if (!isLive || needs === undefined) return undefined;
  if ("control" in needs) return `needs ${needs.control}`;
  return hasAssertion ? undefined : "needs a token in the file KEYLESS_CSI_LIVE_ASSERTION_FILE";
}
