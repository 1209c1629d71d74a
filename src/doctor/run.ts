/** Runs checks one after the other, so that a fault is named once: what depends on what is broken is not run. */
import { DriverError } from "../errors.ts";
import { type Category, type Check, type Finding, type Outcome, type Status, toFinding } from "./check.ts";
import type { DoctorContext } from "./ports.ts";

/** What became of one check. */
export interface CheckResult {
  readonly id: string;
  readonly category: Category;
  readonly title: string;
  readonly status: Status | "not run";
  /** Empty for one that was not run. */
  readonly findings: readonly Finding[];
  /** Of one that was not run: id of the check whose error is the cause. */
  readonly because?: string;
}

export interface RunOptions {
  readonly begun?: (check: Check) => void;
  readonly done?: (result: CheckResult) => void;
  readonly signal: AbortSignal;
}

/** In the order of `checks`, in which each stands behind those that it needs. Rejects only when it is aborted. */
export async function runChecks(
  checks: readonly Check[],
  context: DoctorContext,
  { begun, done, signal }: RunOptions,
): Promise<readonly CheckResult[]> {
  const results = new Map<string, CheckResult>();
  for (const check of checks) {
    signal.throwIfAborted();
    const { id, category, title } = check;
    const because = rootCauseOf(check, results);
    if (because === undefined) begun?.(check);
    const outcome =
      because === undefined ? await outcomeOf(check, context) : { findings: [], status: "not run" as const };
    const result = { id, category, title, ...outcome, ...(because !== undefined && { because }) };
    results.set(id, result);
    done?.(result);
  }
  return [...results.values()];
}

/** The first error that keeps the check from being run: what is needed and was not run itself names its own. */
function rootCauseOf({ needs = [] }: Check, results: ReadonlyMap<string, CheckResult>): string | undefined {
  for (const id of needs) {
    const needed = results.get(id);
    if (needed?.status === "error") return id;
    if (needed?.because !== undefined) return needed.because;
  }
  return undefined;
}

/** A refused read says nothing of the installation, unless the check says more; any other failure is a finding. */
async function outcomeOf(check: Check, context: DoctorContext): Promise<Outcome> {
  try {
    return await check.run(context);
  } catch (thrown) {
    if (!(thrown instanceof DriverError)) throw thrown;
    const status = thrown.reason === "Forbidden" ? "unchecked" : "error";
    return { status, findings: [toFinding(thrown.message)] };
  }
}
