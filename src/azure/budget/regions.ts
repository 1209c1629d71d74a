/**
 * Where the storage provider counts a request: by subscription and region, and a request names an account, not its region.
 * The answers that show an account say it.
 */
import type { Target } from "../request-target.ts";

export interface Regions {
  /** `""` is the subscription's first region. */
  of(target: Target): string;
  /** What an answer, or a request that makes the account, says of it. */
  learn(target: Target, body: unknown): void;
}

/**
 * An account that is not known yet counts for the region that is seen first in the subscription: most clusters have no other,
 * and what was sent before it was seen is counted there too.
 */
export function createRegions(): Regions {
  const byAccount = new Map<string, string>();
  const first = new Map<string, string>();
  return {
    of({ subscriptionId, account, location }) {
      const region = location === "" ? byAccount.get(account) : location;
      return region === undefined || region === first.get(subscriptionId) ? "" : region;
    },
    learn(target, body) {
      const { subscriptionId, account, isAccount, operation } = target;
      if (!isAccount) return;
      if (operation === "delete") byAccount.delete(account);
      else if (!byAccount.has(account) && typeof body === "string") {
        const region = LOCATION.exec(body)?.[1]?.toLowerCase().replaceAll(" ", "");
        if (region === undefined) return;
        byAccount.set(account, region);
        if (!first.has(subscriptionId)) first.set(subscriptionId, region);
      }
    },
  };
}

const LOCATION = /"location"\s*:\s*"([^"]{1,60})"/;
