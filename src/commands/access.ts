/**
 * `keyless-csi access`: who can open which volume and why, beside what the claims say. It reads only, and runs with the
 * controller's own configuration, so it sees exactly what the controller may see.
 */
import { once } from "node:events";
import { choice, guid, list, toggle } from "../config/kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, setting, type ValuesOf } from "../config/setting.ts";
import { DriverError } from "../errors.ts";
import { readDenials } from "../volume/access-review/denials.ts";
import { countDifferences } from "../volume/access-review/differences.ts";
import { reviewAccess } from "../volume/access-review/review.ts";
import { readTrusts } from "../volume/access-review/trusts.ts";
import { toCsv } from "./access/csv.ts";
import { toJson } from "./access/json.ts";
import type { Report } from "./access/rows.ts";
import { toTable } from "./access/table.ts";
import { defineCommand, EXIT } from "./command.ts";
import { assembleForOperator, type OperatorRun } from "./operator-run.ts";
import { findOperatorProblems, operatorSettings, toOperatorConfig } from "./operator-settings.ts";

const ACCESS = "Access";

// Its own first: that is the order of the help.
const settings = {
  output: setting(choice(["table", "json", "csv"]), { group: ACCESS, help: "output format", fallback: "table" }),
  "only-differences": setting(toggle, {
    group: ACCESS,
    help: "leave out what the claims account for",
    fallback: "false",
  }),
  accept: setting(list(guid), {
    group: ACCESS,
    help: "object ids of principals whose access is known, such as administrators or a backup: no difference",
    fallback: "",
  }),
  trusts: setting(toggle, {
    group: ACCESS,
    help: "read which ServiceAccounts each identity trusts: one call for each identity",
    fallback: "true",
  }),
  ...operatorSettings,
};

export type AccessValues = ValuesOf<typeof settings>;

function findProblems(draft: Draft<typeof settings>, env: NodeJS.ProcessEnv): readonly SettingProblem[] {
  const problems = findOperatorProblems(draft, env);
  if (draft.kubernetes !== "off") return problems;
  const problem = "cannot be off: only the cluster says who should have access";
  return [...problems, { setting: "kubernetes", source: "--kubernetes", problem }];
}

export interface AccessContext extends OperatorRun {
  readonly values: Pick<AccessValues, "output"> & Partial<AccessValues>;
}

/** Reviews, prints and returns the exit code. */
export async function runAccess(run: AccessContext): Promise<number> {
  const { values, stdout } = run;
  const { adapters, calls } = await assembleForOperator(run);
  if (!adapters.ports.cluster.isConnected) throw withoutCluster();
  const { onlyDifferences = false, accept: accepted = [], trusts: readsTrusts = true } = values;
  const review = await reviewAccess(adapters, { accepted, nowMs: Date.now() });
  const trusts = readsTrusts ? await readTrusts(adapters, review) : undefined;
  const denials = await readDenials(adapters);
  const differences = countDifferences(review);
  const report: Report = { review, differences, trusts, denials, noun: adapters.backend.noun, calls: calls() };
  const print = { table: toTable, json: toJson, csv: toCsv }[values.output];
  const printed = print(report, onlyDifferences);
  for (const part of typeof printed === "string" ? [printed] : printed) {
    if (!stdout.write(part)) await once(stdout, "drain");
  }
  return Object.values(differences).some((count) => count > 0) ? EXIT.findings : EXIT.ok;
}

function withoutCluster(): DriverError {
  return new DriverError(
    "Misconfigured",
    "no cluster was queried, and only the cluster says who should have access: give --kubeconfig FILE, or run it in the cluster",
  );
}

export const command = defineCommand({
  settings,
  check: findProblems,
  async run({ values, stdout, stderr }) {
    return await runAccess({ config: toOperatorConfig(values), values, stdout, stderr });
  },
});
