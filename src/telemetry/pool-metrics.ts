/** How full pools, subscriptions and regions are of accounts, as gauges. */
import { Gauge, type Registry } from "prom-client";

/** The accounts of one StorageClass. */
export interface PoolFill {
  readonly className: string;
  readonly present: number;
  readonly wanted: number;
}

/** Read at each scrape; undefined: nothing is known yet, or another replica runs the background tasks. */
export function watchPools(registry: Registry, read: () => readonly PoolFill[] | undefined): void {
  const add = (name: string, help: string, pick: (fill: PoolFill) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["storage_class"],
      registers: [registry],
      collect() {
        // A class that was deleted is left out again.
        this.reset();
        for (const fill of read() ?? []) this.labels(fill.className).set(pick(fill));
      },
    });
  add(
    "keyless_csi_pool_accounts",
    "Accounts of a StorageClass that exist ahead of its volumes, with --prewarm.",
    ({ present }) => present,
  );
  add(
    "keyless_csi_pool_accounts_wanted",
    "Accounts that a StorageClass spreads over (poolSize), with --prewarm.",
    ({ wanted }) => wanted,
  );
}

/** Storage accounts of a subscription in a region. */
export interface AccountUsage {
  readonly subscriptionId: string;
  readonly location: string;
  readonly used: number;
  readonly limit: number;
}

/** What has been counted, read at each scrape: those in use, and how many Azure allows. */
export function watchAccountUsage(registry: Registry, read: () => Promise<readonly AccountUsage[]>): void {
  const add = (name: string, help: string, pick: (usage: AccountUsage) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["subscription_id", "location"],
      registers: [registry],
      async collect() {
        const known = await read();
        // A region whose count is too old is left out again.
        this.reset();
        for (const usage of known) this.labels(usage.subscriptionId, usage.location).set(pick(usage));
      },
    });
  add(
    "keyless_csi_storage_accounts",
    "Storage accounts that a subscription holds in a region, including those of others.",
    ({ used }) => used,
  );
  add(
    "keyless_csi_storage_accounts_limit",
    "Storage accounts that a subscription may hold in a region.",
    ({ limit }) => limit,
  );
}
