/** Metrics that have a value at times only. */
import { Gauge, type Registry } from "prom-client";

/** A gauge without labels that is left out while there is no value. */
export function watchOptional(
  registry: Registry,
  read: () => number | undefined,
  names: { readonly name: string; readonly help: string },
): void {
  new Gauge({
    ...names,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
