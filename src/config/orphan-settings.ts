/** The controller's settings of what is left in Azure: a part of `controller-settings.ts`, with its rules. */
import { duration, interval, toggle } from "./kinds.ts";
import type { SettingProblem } from "./problem.ts";
import { type Draft, setting, type ValuesOf } from "./setting.ts";

const ORPHANS = "Orphans";
/** What was made a moment ago may only be waiting for the rest. */
const SHORTEST_GRACE_MS = 3_600_000;

/** Of the controller; `keyless-csi orphans` has settings of its own beside them. */
export const orphanSettings = {
  "orphan-check-interval": setting(interval({ min: "10m", max: "168h" }), {
    group: ORPHANS,
    help: "how often one replica looks for what is left in Azure that no volume needs; minimum 10m",
    fallback: "off",
  }),
  "orphan-cleanup": setting(toggle, {
    group: ORPHANS,
    help: "delete of it what holds nothing and never had a PersistentVolume, after --orphan-grace-period",
    fallback: "false",
  }),
  "orphan-grace-period": setting(duration({ max: "8760h" }), {
    group: ORPHANS,
    help: "how long a container or account must have been an orphan before --orphan-cleanup deletes it; minimum 1h",
    fallback: "24h",
  }),
} as const;

/** What the background task does. */
export interface OrphanConfig {
  /** From one look to the next; 0: no look. */
  readonly checkMs: number;
  readonly cleansUp: boolean;
  readonly graceMs: number;
}

export function toOrphanConfig(values: ValuesOf<typeof orphanSettings>): OrphanConfig {
  const { orphanCheckInterval: checkMs, orphanCleanup: cleansUp, orphanGracePeriod: graceMs } = values;
  return { checkMs, cleansUp, graceMs };
}

/** A clean-up that would never run, or too soon. */
export function findOrphanProblems(draft: Draft<typeof orphanSettings>): readonly SettingProblem[] {
  const { orphanCheckInterval, orphanCleanup, orphanGracePeriod } = draft;
  const problems: SettingProblem[] = [];
  const add = (name: string, problem: string) => void problems.push({ setting: name, source: `--${name}`, problem });
  if (orphanCleanup === true && orphanCheckInterval === 0) {
    add("orphan-cleanup", "has no effect without --orphan-check-interval; set both, or leave it out");
  }
  if (orphanGracePeriod !== undefined && orphanGracePeriod < SHORTEST_GRACE_MS) {
    add("orphan-grace-period", "is too short; use at least 1h");
  }
  return problems;
}
