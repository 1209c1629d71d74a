/** Metrics with labels that are read whole at each scrape: what is no longer there is left out again. */
import { Counter, Gauge, type Registry } from "prom-client";

export interface LabelledNames {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** The values of the labels, in their order, and the metric's. */
export type Row = readonly [labels: readonly string[], value: number];

type ReadRows = () => readonly Row[] | Promise<readonly Row[]>;

/** What can rise and fall. */
export function watchGauge(registry: Registry, names: LabelledNames, read: ReadRows): void {
  new Gauge({
    ...names,
    registers: [registry],
    async collect() {
      const rows = await read();
      this.reset();
      for (const [labels, value] of rows) this.labels(...labels).set(value);
    },
  });
}

/** What only rises, and is counted elsewhere. */
export function watchCounter(registry: Registry, names: LabelledNames, read: ReadRows): void {
  new Counter({
    ...names,
    registers: [registry],
    async collect() {
      const rows = await read();
      this.reset();
      for (const [labels, value] of rows) this.labels(...labels).inc(value);
    },
  });
}
