/**
 * `keyless-csi orphans`: lists what is left in Azure that nothing in the cluster needs, and deletes it on request. It runs with
 * the controller's own configuration, so it sees exactly what the controller may see.
 */
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { assemble } from "../app/assembly.ts";
import { createPace } from "../concurrency/pace.ts";
import { type ControllerConfig, checkController, toControllerConfig } from "../config/controller.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import { choice, duration, toggle } from "../config/kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, setting, type ValuesOf } from "../config/setting.ts";
import { DriverError } from "../errors.ts";
import { createLogger } from "../telemetry/log.ts";
import { describeError } from "../telemetry/redaction.ts";
import { isRetained, type Orphan } from "../volume/orphans/orphan.ts";
import { createOrphanRemoval } from "../volume/orphans/removal.ts";
import { surveyOrphans } from "../volume/orphans/survey.ts";
import type { Cluster } from "../volume/ports.ts";
import { defineCommand, EXIT } from "./command.ts";
import { type Report, type Result, toJsonReport, toTextReport } from "./orphans/report.ts";
import { trustCloud } from "./trust-cloud.ts";

const ORPHANS = "Orphans";
/** Nothing that stays behind in an environment or a file may delete data. */
const CONFIRMATION = { group: ORPHANS, fallback: "false", onlyFrom: "command line" } as const;
/** Azure allows 100 lists in 5 minutes for a subscription; the running controller needs some of them (azure.md 1). */
const LISTS = { count: 80, withinMs: 300_000 };

// All of the controller's, including those that only serving needs: its configuration file is read unchanged.
const settings = {
  ...controllerSettings,
  "older-than": setting(duration({ max: "8760h" }), {
    group: ORPHANS,
    help: "containers and accounts that were changed or created within this time are kept",
    fallback: "1h",
  }),
  delete: setting(toggle, { ...CONFIRMATION, help: "delete what was found; requires --yes" }),
  yes: setting(toggle, { ...CONFIRMATION, help: "confirm permanent data loss" }),
  "even-all": setting(toggle, {
    ...CONFIRMATION,
    help: "delete even when the cluster needs no container of this --cluster-id, which suggests the wrong cluster",
  }),
  output: setting(choice(["text", "json"]), { group: ORPHANS, help: "output format", fallback: "text" }),
};

export type OrphansValues = ValuesOf<typeof settings>;

function findProblems(draft: Draft<typeof settings>): readonly SettingProblem[] {
  const problems = [...checkController(draft)];
  const add = (name: string, problem: string) => void problems.push({ setting: name, source: `--${name}`, problem });
  if (draft.emulator === true) {
    add("emulator", "would start an empty one; use --cloud-file with the ready file of a running one");
  }
  if (draft.delete === true && draft.yes !== true) {
    add("delete", "deletes data permanently; review the list first, then add --yes");
  }
  if (draft.delete === true && draft.kubernetes === "off") {
    add("kubernetes", "cannot be off with --delete: only the cluster knows what is still in use");
  }
  return problems;
}

/** What the command runs with besides its settings; tests pass their own cluster. */
export interface OrphansContext {
  readonly config: ControllerConfig;
  readonly values: Pick<OrphansValues, "olderThan" | "delete" | "evenAll" | "output">;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly cluster?: Cluster;
}

/** Surveys, deletes if requested, prints a report and returns the exit code. */
export async function runOrphans({ config, values, stdout, stderr, cluster }: OrphansContext): Promise<number> {
  const log = createLogger({ level: config.logLevel, format: config.logFormat, stream: stderr });
  let calls = 0;
  const observer = {
    azureCalled() {
      calls += 1;
    },
  };
  const { adapters } = await assemble({ config, log, observer, ...(cluster && { cluster }) });
  // Created before anything is read: it fails at once without Kubernetes.
  const remove = values.delete ? createOrphanRemoval(adapters, () => performance.now()) : undefined;
  const pace = createPace({ ...LISTS, now: () => performance.now(), sleep: (ms) => sleep(ms) });
  const options = { olderThanMs: values.olderThan, nowMs: Date.now(), pace };
  const { orphans, needed } = await surveyOrphans(adapters, options);
  if (remove !== undefined && !values.evenAll) assertRightCluster(orphans, needed, adapters.settings.clusterId);
  const results: Result[] = [];
  for (const orphan of orphans) results.push(await decide(orphan, remove));
  const report: Report = { results, needed, calls, isClusterKnown: adapters.ports.cluster.isConnected };
  stdout.write(values.output === "json" ? toJsonReport(report) : toTextReport(report));
  if (results.some(({ outcome }) => outcome === "failed")) return EXIT.failure;
  return results.some(({ orphan, outcome }) => outcome !== "removed" && !isRetained(orphan)) ? EXIT.findings : EXIT.ok;
}

/** A kubeconfig of another cluster would make everything an orphan. */
function assertRightCluster(orphans: readonly Orphan[], needed: number, clusterId: string): void {
  if (needed > 0 || !orphans.some((orphan) => orphan.kind === "file system" && !orphan.isRetained)) return;
  throw new DriverError(
    "Misconfigured",
    `the cluster needs none of the containers of cluster id ${clusterId}, which looks like the wrong cluster: nothing was ` +
      "deleted; check --kubeconfig and --cluster-id, or add --even-all when its last volume is really gone",
  );
}

/** One failure does not keep the others from being deleted. */
async function decide(
  orphan: Orphan,
  remove: ((orphan: Orphan) => Promise<"removed" | "spared">) | undefined,
): Promise<Result> {
  if (remove === undefined || isRetained(orphan)) return { orphan, outcome: "found" };
  try {
    return { orphan, outcome: await remove(orphan) };
  } catch (error) {
    const why = error instanceof DriverError ? error.message : describeError(error);
    return { orphan, outcome: "failed", why };
  }
}

export const command = defineCommand({
  settings,
  check: findProblems,
  async run({ values, stdout, stderr }) {
    const config = toControllerConfig(values);
    trustCloud(config.cloud);
    return await runOrphans({ config, values, stdout, stderr });
  },
});
