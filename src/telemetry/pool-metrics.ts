/** How full the pools of accounts are, as gauges. Nothing here causes a call: what the last round has found is shown. */
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
