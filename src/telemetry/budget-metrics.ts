/**
 * What Azure still allows, and who waits for it: read from this side's count at each scrape, which sends nothing. Labels have
 * few values: subscriptions in use, providers in use, four operations.
 */
import type { Registry } from "prom-client";
import { type Row, watchCounter, watchGauge } from "./labelled.ts";

/** The shape of `azure/budget/budget.ts`, which this layer does not import. */
export interface BudgetState {
  readonly subscriptionId: string;
  readonly by: string;
  readonly operation: string;
  readonly left: number | undefined;
  readonly waiting: number;
  readonly waitedSeconds: number;
  readonly throttled: number;
}

const LABELS = ["subscription_id", "limit", "operation"] as const;

type Pick = (state: BudgetState) => number | undefined;

/** Registers the metrics of all limits that were drawn on so far. */
export function watchBudget(registry: Registry, read: () => readonly BudgetState[]): void {
  const add = (watch: typeof watchGauge, name: string, help: string, pick: Pick) =>
    watch(registry, { name, help, labelNames: LABELS }, () =>
      read().flatMap((state): Row[] => {
        const value = pick(state);
        return value === undefined ? [] : [[[state.subscriptionId, state.by, state.operation], value]];
      }),
    );
  add(
    watchGauge,
    "keyless_csi_azure_budget_left",
    "Calls that Azure allows now, as counted here; absent where the cloud states no limit.",
    ({ left }) => left,
  );
  add(
    watchGauge,
    "keyless_csi_azure_budget_waiting",
    "Calls that wait until a limit of Azure allows them.",
    ({ waiting }) => waiting,
  );
  add(
    watchCounter,
    "keyless_csi_azure_budget_wait_seconds_total",
    "Time that calls have waited until a limit of Azure allowed them.",
    ({ waitedSeconds }) => waitedSeconds,
  );
  add(
    watchCounter,
    "keyless_csi_azure_throttled_total",
    "Answers of Azure that asked to wait, by the limit that was met.",
    ({ throttled }) => throttled,
  );
}
