// `keyless-csi doctor` in this process, with the configuration of a running service and a cluster in memory.
import assert from "node:assert/strict";
import { diagnose } from "../../src/commands/doctor.ts";
import { CHECKS } from "../../src/doctor/catalogue.ts";
import type { ClusterInspection } from "../../src/doctor/ports.ts";
import type { CheckResult } from "../../src/doctor/run.ts";
import type { EmulatedApp } from "./emulated-app.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { createManifestApi } from "./manifest-api.ts";
import { createSink } from "./sink.ts";

type Examined = Pick<EmulatedApp, "config"> & {
  readonly cluster: FakeCluster;
  /** Absent: a cluster with the objects of deploy/manifests. */
  readonly inspection?: ClusterInspection;
};
type Values = Parameters<typeof diagnose>[0]["values"];

/** What became of every check. */
export async function diagnosesOf(
  { config, cluster, inspection }: Examined,
  values: Partial<Values> = {},
): Promise<readonly CheckResult[]> {
  const { stream } = createSink();
  const { signal } = new AbortController();
  const stated = { pre: false, output: "json" as const, ...values };
  const run = { config, values: stated, stdout: stream, stderr: stream, signal, cluster };
  const shipped = inspection ?? (await createManifestApi()).inspection;
  const { results } = await diagnose({ ...run, inspection: shipped });
  return results;
}

/** What became of one check. */
export async function diagnosisOf(examined: Examined, id: string, values: Partial<Values> = {}): Promise<CheckResult> {
  const found = (await diagnosesOf(examined, values)).find((each) => each.id === id);
  assert(found, `there is no check ${id}`);
  return found;
}

/** What needs somebody's attention. */
export function wrong(results: readonly CheckResult[]): readonly CheckResult[] {
  return results.filter(({ status }) => status === "error" || status === "warning");
}

/**
 * Only this check finds something wrong, but for warnings that see the same from further away: of checks that it needs. Exactly what
 * depends on an error of it was not run, and names it.
 */
export function assertOneCause(results: readonly CheckResult[], cause: string, says: RegExp): void {
  const all = wrong(results).filter(({ id, status }) => status === "error" || !dependsOn(cause, id));
  assert.deepEqual(
    all.map(({ id }) => id),
    [cause],
    JSON.stringify(all),
  );
  const [found] = all;
  assert.match(found?.findings[0]?.found ?? "", says);
  for (const { id, status, because } of results) {
    const isBlocked = found?.status === "error" && dependsOn(id, cause);
    assert.deepEqual([status === "not run", because], [isBlocked, isBlocked ? cause : undefined], id);
  }
}

/** Whether one of the checks that it needs is the broken one, or needs it itself. */
function dependsOn(id: string, cause: string): boolean {
  const needs = CHECKS.find((check) => check.id === id)?.needs ?? [];
  return needs.some((each) => each === cause || dependsOn(each, cause));
}
