/** Which subscriptions and regions have refused an account because a quota is met: remembered, so that volumes move on. */
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";

/** Azure counts storage accounts by subscription and region ("Scalability targets for standard storage accounts"). */
export interface Region {
  readonly subscriptionId: string;
  readonly location: string;
}

export interface AccountRoom {
  /** Throws QuotaExhausted for a while after Azure has refused an account there. */
  assert(region: Region): void;
  /** Where an account was asked for. */
  regions(): readonly Region[];
  /** Creates an account there, unless it is known to be refused, and remembers what becomes of it. */
  use<T>(region: Region, create: () => Promise<T>): Promise<T>;
}

/** `fullMs`: how long a refusal is remembered; 0: not at all, so that each volume asks Azure itself. */
export function createAccountRoom(fullMs: number, now: () => number): AccountRoom {
  const full = createTtlCache<true>(fullMs, now);
  const keyOf = ({ subscriptionId, location }: Region) => `${subscriptionId}/${location}`.toLowerCase();
  const asked = new Map<string, Region>();
  const assert = (region: Region) => {
    if (full.get(keyOf(region)) !== undefined) throw regionFull(region);
  };
  return {
    assert,
    regions: () => [...asked.values()],
    async use({ subscriptionId, location }, create) {
      const region = { subscriptionId, location };
      asked.set(keyOf(region), region);
      assert(region);
      try {
        return await create();
      } catch (error) {
        if (error instanceof DriverError && error.reason === "QuotaExhausted") full.set(keyOf(region), true);
        throw error;
      }
    },
  };
}

function regionFull({ subscriptionId, location }: Region): DriverError {
  return new DriverError(
    "QuotaExhausted",
    `subscription ${subscriptionId} can hold no further storage account in region ${location}: raise the limit in Azure, or add a ` +
      "subscription to --overflow",
  );
}
