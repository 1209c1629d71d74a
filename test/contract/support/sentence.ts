// What a chapter of the contract is made of: sentences about Azure, each with its source and the check that proves it.
import type { Cloud } from "./cloud.ts";

/**
 * What a sentence needs that a real subscription does not offer: a hold on Azure itself (its clock, its limits, other
 * people's resources), or an outside token that Entra can check (`KEYLESS_CSI_LIVE_ASSERTION_FILE` gives one).
 */
export type Need = { readonly control: string } | { readonly assertion: true };

export interface Sentence {
  /** The sentence: what Azure does. */
  readonly says: string;
  /** The document that it rests on; see `sources.ts`. */
  readonly source: string;
  readonly needs?: Need;
  /** Throws when Azure does otherwise. Makes what it looks at, under names that the cloud hands out. */
  check(cloud: Cloud): Promise<void>;
}

export interface Chapter {
  readonly title: string;
  readonly sentences: readonly Sentence[];
}

/** What a run has to offer. */
export interface Offer {
  readonly isLive: boolean;
  readonly hasAssertion: boolean;
}

/** Why a sentence cannot be asked in this run, or undefined when it can. On the emulator all can. */
export function reasonToLeaveOut({ needs }: Sentence, { isLive, hasAssertion }: Offer): string | undefined {
  if (!isLive || needs === undefined) return undefined;
  if ("control" in needs) return `needs ${needs.control}`;
  return hasAssertion ? undefined : "needs a token in the file KEYLESS_CSI_LIVE_ASSERTION_FILE";
}
