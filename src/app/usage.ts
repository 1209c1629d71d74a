/** What is counted for the metrics, built from the configuration. */
import type { RememberingAccounts } from "../azure/accounts.ts";
import { type AccountUsageOptions, createAccountUsage, createUsage, type UsageOptions } from "../azure/usage.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { allowedGroups } from "../volume/settings.ts";

/** Each answers what is known when it is called, and begins to count what is due. */
export interface Usage {
  /** Role assignments of the subscriptions in use. */
  readonly roleAssignmentUsage: ReturnType<typeof createUsage>;
  /** Storage accounts of the subscriptions and regions in use. */
  readonly accountUsage: ReturnType<typeof createAccountUsage>;
}

interface Counting extends Pick<UsageOptions, "arm" | "now"> {
  readonly accounts: RememberingAccounts;
  readonly observer: { readonly accountsNotCounted: AccountUsageOptions["refused"] };
}

/** The counts of the subscriptions that the operator names, and of every region in which accounts are asked for. */
export function usageOf(config: ControllerConfig, { arm, accounts, observer, now }: Counting): Usage {
  const subscriptionIds = [...new Set(allowedGroups(config).map(({ subscriptionId }) => subscriptionId))];
  const configured = subscriptionIds.map((subscriptionId) => ({ subscriptionId, location: config.location }));
  const regions = () => [...configured, ...accounts.regions()];
  return {
    roleAssignmentUsage: createUsage({ arm, subscriptionIds, now }),
    accountUsage: createAccountUsage({ arm, regions, refused: observer.accountsNotCounted, now }),
  };
}
