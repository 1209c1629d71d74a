/**
 * `keyless-csi orphans`: lists what is left in Azure that nothing in the cluster needs, and deletes it on request. It runs with
 * the controller's own configuration, so it sees exactly what the controller may see.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createPace } from "../concurrency/pace.ts";
import { runFor } from "../concurrency/purpose.ts";
import { clusterIdentity } from "../config/controller-kinds.ts";
import { choice, duration, list, toggle, value } from "../config/kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, setting, type ValuesOf } from "../config/setting.ts";
import { DriverError } from "../errors.ts";
import { describeError } from "../telemetry/redaction.ts";
import { toAlsoOwns } from "../volume/account/another-mark.ts";
import { isSameCluster } from "../volume/account/ownership.ts";
import { isRemovable, isRetained, type Orphan } from "../volume/orphans/orphan.ts";
import { createOrphanRemoval } from "../volume/orphans/removal.ts";
import { surveyOrphans } from "../volume/orphans/survey.ts";
import { defineCommand, EXIT } from "./command.ts";
import { assembleForOperator, type OperatorRun } from "./operator-run.ts";
import { findOperatorProblems, operatorSettings, toOperatorConfig } from "./operator-settings.ts";
import { assertWithinLimits } from "./orphans/limits.ts";
import { selectNamed } from "./orphans/names.ts";
import { type Report, type Result, toJsonReport, toMarking, toTextReport } from "./orphans/report.ts";

const ORPHANS = "Orphans";
/** Nothing that stays behind in an environment or a file may delete data. */
const CONFIRMATION = { group: ORPHANS, fallback: "false", onlyFrom: "command line" } as const;
/** Azure allows 100 lists in 5 minutes for a subscription; the running controller needs some of them (azure.md 1). */
const LISTS = { count: 80, withinMs: 300_000 };

const orphanName = value("NAME", { type: "string", minLength: 1 }, (text) => ({ value: text }));

// Its own first: that is the order of the help.
const settings = {
  "older-than": setting(duration({ max: "8760h" }), {
    group: ORPHANS,
    help: "containers and accounts that were changed or created within this time are kept",
    fallback: "1h",
  }),
  delete: setting(toggle, { ...CONFIRMATION, help: "delete what was found; requires --yes" }),
  yes: setting(toggle, { ...CONFIRMATION, help: "confirm permanent data loss" }),
  name: setting(list(orphanName), {
    ...CONFIRMATION,
    help: "only these: names of containers, accounts, role assignments or credentials, or whole ARM ids",
    fallback: "",
  }),
  unmarked: setting(toggle, {
    ...CONFIRMATION,
    help: "state that no other cluster has this --cluster-id, so that what carries no mark is this one's",
  }),
  "gone-cluster": setting(list(clusterIdentity), {
    ...CONFIRMATION,
    help: "state that a cluster of --also-owns does not exist any more, so that nothing but this cluster needs what it left",
    fallback: "",
  }),
  "more-than-usual": setting(toggle, {
    ...CONFIRMATION,
    help: "delete more than 10 objects, or more than 20 % of the containers",
  }),
  "even-all": setting(toggle, {
    ...CONFIRMATION,
    help: "delete however much it is, even when the cluster needs no container, which suggests the wrong cluster",
  }),
  output: setting(choice(["text", "json"]), { group: ORPHANS, help: "output format", fallback: "text" }),
  ...operatorSettings,
};

export type OrphansValues = ValuesOf<typeof settings>;

function findProblems(draft: Draft<typeof settings>, env: NodeJS.ProcessEnv): readonly SettingProblem[] {
  const problems = findOperatorProblems(draft, env);
  const add = (name: string, problem: string) => void problems.push({ setting: name, source: `--${name}`, problem });
  if (draft.delete === true && draft.yes !== true) {
    add("delete", "deletes data permanently; review the list first, then add --yes");
  }
  if (draft.delete === true && draft.kubernetes === "off") {
    add("kubernetes", "cannot be off with --delete: only the cluster knows what is still in use");
  }
  for (const gone of draft.goneCluster ?? []) {
    const isAdopted = (draft.alsoOwns ?? []).some((former) => isSameCluster(former, gone));
    if (!isAdopted) add("gone-cluster", `${toAlsoOwns(gone)} is not one of --also-owns; name it there as here`);
  }
  return problems;
}

export interface OrphansContext extends OperatorRun {
  readonly values: Pick<OrphansValues, "olderThan" | "delete" | "output"> & Partial<OrphansValues>;
}

/** Surveys, deletes if requested, prints a report and returns the exit code. */
export async function runOrphans(run: OrphansContext): Promise<number> {
  const { values, stdout } = run;
  const { adapters, observer, calls } = await assembleForOperator(run);
  // Created before anything is read: it fails at once without Kubernetes.
  const removal = values.delete ? createOrphanRemoval(adapters, { now: () => performance.now() }) : undefined;
  const remove = removal && ((orphan: Orphan) => observer.inTask("orphans", () => removal(orphan)));
  const pace = createPace({ ...LISTS, now: () => performance.now(), sleep: (ms) => sleep(ms) });
  const nowMs = Date.now();
  const { unmarked = false, goneCluster: goneClusters = [], name: names = [] } = values;
  const options = { olderThanMs: values.olderThan, nowMs, pace, unmarked, goneClusters };
  const survey = await surveyOrphans(adapters, options);
  const { needed } = survey;
  const isNamed = names.length > 0;
  const orphans = isNamed ? selectNamed(survey.orphans, names, { toDelete: values.delete }) : survey.orphans;
  const { clusterId, clusterUid } = adapters.settings;
  const limitedBy = { needed, clusterId, noun: adapters.backend.noun };
  // Who names each one has looked at each one.
  const confirmed = { ...values, moreThanUsual: values.moreThanUsual === true || isNamed };
  if (remove !== undefined) assertWithinLimits(orphans, limitedBy, confirmed);
  const results: Result[] = [];
  for (const orphan of orphans) results.push(await decide(orphan, remove));
  const marking = toMarking(survey.unmarked, { clusterId, clusterUid });
  const report: Report = {
    results,
    needed,
    calls: calls(),
    nowMs,
    marking,
    isClusterKnown: adapters.ports.cluster.isConnected,
  };
  stdout.write(values.output === "json" ? toJsonReport(report) : toTextReport(report));
  if (!report.isClusterKnown) return EXIT.usage;
  if (results.some(({ outcome }) => outcome === "failed")) return EXIT.failure;
  return results.some(({ orphan, outcome }) => outcome !== "removed" && !isRetained(orphan)) ? EXIT.findings : EXIT.ok;
}

/** One failure does not keep the others from being deleted. */
async function decide(
  orphan: Orphan,
  remove: ((orphan: Orphan) => Promise<"removed" | "spared">) | undefined,
): Promise<Result> {
  if (remove === undefined || !isRemovable(orphan)) return { orphan, outcome: "found" };
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
    const config = toOperatorConfig(values);
    // What the controller creates meanwhile goes first, as far as Azure's answers tell.
    return await runFor("delete", () => runOrphans({ config, values, stdout, stderr }));
  },
});
