/** What the background task finds left in Azure, and deletes of it, as log lines. */
import type { AppObserver } from "./app-observer.ts";
import type { LogFields, Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** The part of the observer that tells of orphans; `inCall` has the fields of the task. */
export function observeOrphans(
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
  inCall: () => LogFields,
): Pick<AppObserver, "orphansFound" | "orphanRemoved" | "orphanLeft"> {
  return {
    orphansFound(counts) {
      const sum = (state: string) =>
        counts.filter((each) => each.state === state).reduce((total, { count }) => total + count, 0);
      const [orphans, kept, retained] = [sum("orphan"), sum("kept"), sum("retained")];
      const numbers = `${orphans} orphans, ${kept} only listed, ${retained} retained`;
      const level = orphans + kept > 0 ? "warn" : "info";
      log[level](`left in Azure without a volume: ${numbers} (keyless-csi orphans lists them)`, inCall());
    },
    orphanRemoved({ kind, id, because }) {
      metrics.countOrphanRemoved(kind);
      log.warn("orphan deleted", { ...inCall(), resourceId: id, because });
    },
    orphanLeft: ({ id }, why) =>
      log.warn("orphan not deleted: it holds something, or somebody protects it", {
        ...inCall(),
        resourceId: id,
        because: why,
      }),
  };
}
