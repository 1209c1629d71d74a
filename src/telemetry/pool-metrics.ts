/** How full pools, subscriptions and regions are of accounts, as gauges. */
import type { Registry } from "prom-client";
import { type Row, watchGauge } from "./labelled.ts";

/** The accounts of one StorageClass. */
export interface PoolFill {
  readonly className: string;
  readonly present: number;
  readonly wanted: number;
}

/** Read at each scrape; undefined: nothing is known yet, or another replica runs the background tasks. */
export function watchPools(registry: Registry, read: () => readonly PoolFill[] | undefined): void {
  const add = (name: string, help: string, pick: (fill: PoolFill) => number) =>
    watchGauge(registry, { name, help, labelNames: ["storage_class"] }, () =>
      (read() ?? []).map((fill): Row => [[fill.className], pick(fill)]),
    );
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
    watchGauge(registry, { name, help, labelNames: ["subscription_id", "location"] }, async () =>
      (await read()).map((usage): Row => [[usage.subscriptionId, usage.location], pick(usage)]),
    );
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
