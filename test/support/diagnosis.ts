// `keyless-csi doctor` in this process, with the configuration of a running service and a cluster in memory.
import assert from "node:assert/strict";
import { diagnose } from "../../src/commands/doctor.ts";
import type { CheckResult } from "../../src/doctor/run.ts";
import type { EmulatedApp } from "./emulated-app.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { createSink } from "./sink.ts";

type Examined = Pick<EmulatedApp, "config"> & { readonly cluster: FakeCluster };
type Values = Parameters<typeof diagnose>[0]["values"];

/** What became of every check. */
export async function diagnosesOf(
  { config, cluster }: Examined,
  values: Partial<Values> = {},
): Promise<readonly CheckResult[]> {
  const { stream } = createSink();
  const { signal } = new AbortController();
  const stated = { pre: false, output: "json" as const, ...values };
  const { results } = await diagnose({ config, values: stated, stdout: stream, stderr: stream, signal, cluster });
  return results;
}

/** What became of one check. */
export async function diagnosisOf(examined: Examined, id: string, values: Partial<Values> = {}): Promise<CheckResult> {
  const found = (await diagnosesOf(examined, values)).find((each) => each.id === id);
  assert(found, `there is no check ${id}`);
  return found;
}
