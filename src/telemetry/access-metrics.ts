/** What the review of access has found that the claims do not account for, as a gauge. */
import type { Registry } from "prom-client";
import { type Row, watchGauge } from "./labelled.ts";

/** The differences of the last review. */
export interface AccessSeen {
  readonly missing: number;
  readonly unexpected: number;
  readonly inherited: number;
}

/** Present in one replica at a time, as the gauges of accounts; undefined: nothing yet, or not here. */
export function watchAccess(registry: Registry, read: () => AccessSeen | undefined): void {
  const names = {
    name: "keyless_csi_access_differences",
    help: "Role assignments that the claims do not account for, by kind: missing, unexpected at volumes and accounts, or inherited from above.",
    labelNames: ["kind"],
  };
  watchGauge(registry, names, () => {
    const seen = read();
    if (seen === undefined) return [];
    return (["missing", "unexpected", "inherited"] as const).map((kind): Row => [[kind], seen[kind]]);
  });
}

/** For the log. */
export function describeDifferences({ missing, unexpected, inherited }: AccessSeen): string {
  const isNone = missing + unexpected + inherited === 0;
  const found = isNone ? "none any more" : `${missing} missing, ${unexpected} unexpected, ${inherited} inherited`;
  return `role assignments that the claims do not account for: ${found}; keyless-csi access shows them`;
}
