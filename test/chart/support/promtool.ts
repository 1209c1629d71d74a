// The alert rules, evaluated by Prometheus' own promtool over what the service really exposed.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chartFolder } from "./helm.ts";

const run = promisify(execFile);

/** The rule file of the chart. */
export const RULES = join(chartFolder, "files/alerts.yaml");

/** One scrape, and how many minutes it stays as it is. `goesOn`: it grows each minute as it did from the scrape before. */
export interface Phase {
  readonly text: string;
  readonly minutes: number;
  readonly goesOn?: boolean;
}

/** Runs promtool; rejects with what it printed. */
export async function promtool(...args: readonly string[]): Promise<string> {
  try {
    return (await run("promtool", args, { maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: string; stdout?: string; stderr?: string };
    if (code === "ENOENT")
      throw new Error("promtool is not installed: apt-get install prometheus (no service need run)");
    throw new Error(`promtool ${args.join(" ")}:\n${stdout}${stderr}`);
  }
}

/**
 * Rejects, with promtool's words, unless exactly these alerts fire at the end of the phases. `beside`: the scrape of a second replica,
 * which stays as it is.
 */
export async function assertFiring(
  phases: readonly Phase[],
  alerts: readonly string[],
  beside?: string,
): Promise<void> {
  const minutes = phases.reduce((sum, phase) => sum + phase.minutes, 0);
  const samples = alerts.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 }));
  const firing = 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0';
  const test = {
    interval: "1m",
    input_series: [
      ...toInputSeries(phases, "10.0.0.1:8080"),
      ...(beside === undefined ? [] : toInputSeries([{ text: beside, minutes }], "10.0.0.2:8080")),
    ],
    promql_expr_test: [{ expr: firing, eval_time: `${minutes - 1}m`, exp_samples: samples }],
  };
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-rules-"));
  try {
    const file = join(folder, "test.json"); // JSON is YAML
    await writeFile(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: "1m", tests: [test] }));
    await promtool("test", "rules", file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Sample lines of an exposition: series -> value. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

function toInputSeries(
  phases: readonly Phase[],
  instance: string,
): readonly { readonly series: string; readonly values: string }[] {
  // Prometheus' test begins at the time 0: times that the service states are moved there.
  const epoch = Date.now() / 1000;
  const scrapes = phases.map(({ text }) => samplesOf(text));
  const all = [...new Set(scrapes.flatMap((scrape) => [...scrape.keys()]))];
  return all.map((series) => ({
    series: withTarget(series, instance),
    values: phases.map((phase, index) => valuesOf(series, phase, { scrapes, index, epoch })).join(" "),
  }));
}

interface Place {
  readonly scrapes: readonly ReadonlyMap<string, number>[];
  readonly index: number;
  readonly epoch: number;
}

/** In promtool's notation: `_x9` is nothing for 10 minutes, `3+2x9` grows by 2 in each. */
function valuesOf(series: string, { minutes, goesOn = false }: Phase, { scrapes, index, epoch }: Place): string {
  const value = scrapes[index]?.get(series);
  if (value === undefined || Number.isNaN(value)) return `_x${minutes}`;
  const before = scrapes[index - 1]?.get(series) ?? 0;
  const isCounter = /_(total|count|sum|bucket)(\{|$)/.test(series);
  const step = goesOn && isCounter ? value - before : 0;
  const shown = /_(timestamp|time)_seconds(\{|$)/.test(series) ? value - epoch : value;
  return `${shown}+${step}x${minutes - 1}`;
}

/** As Prometheus adds its target. */
function withTarget(series: string, instance: string): string {
  const target = `instance="${instance}",job="keyless-csi-controller-metrics"`;
  return series.endsWith("}") ? `${series.slice(0, -1)},${target}}` : `${series}{${target}}`;
}
