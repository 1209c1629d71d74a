/**
 * What Azure still allows, and who waits for it: read from this side's count at each scrape, which sends nothing. Labels have
 * few values: subscriptions in use, providers in use, four operations.
 */
import { Counter, Gauge, type Registry } from "prom-client";

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
  const add = (kind: typeof addGauge, name: string, help: string, pick: Pick) =>
    kind(registry, { name, help }, () =>
      read().flatMap((state) => {
        const value = pick(state);
        return value === undefined ? [] : [[[state.subscriptionId, state.by, state.operation], value] as const];
      }),
    );
  add(
    addGauge,
    "keyless_csi_azure_budget_left",
    "Calls that Azure allows now, as counted here; absent where the cloud states no limit.",
    ({ left }) => left,
  );
  add(
    addGauge,
    "keyless_csi_azure_budget_waiting",
    "Calls that wait until a limit of Azure allows them.",
    ({ waiting }) => waiting,
  );
  add(
    addCounter,
    "keyless_csi_azure_budget_wait_seconds_total",
    "Time that calls have waited until a limit of Azure allowed them.",
    ({ waitedSeconds }) => waitedSeconds,
  );
  add(
    addCounter,
    "keyless_csi_azure_throttled_total",
    "Answers of Azure that asked to wait, by the limit that was met.",
    ({ throttled }) => throttled,
  );
}

type Names = { readonly name: string; readonly help: string };
type Read = () => readonly (readonly [readonly string[], number])[];

function addGauge(registry: Registry, names: Names, read: Read): void {
  new Gauge({
    ...names,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.labels(...labels).set(value);
    },
  });
}

function addCounter(registry: Registry, names: Names, read: Read): void {
  new Counter({
    ...names,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.labels(...labels).inc(value);
    },
  });
}
