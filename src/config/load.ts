/**
 * Loads a settings table: flags take precedence over the environment, the environment over the file of `--config`, and that
 * over the defaults. The problems of all sources are collected.
 */
import { path } from "./kinds.ts";
import type { SettingProblem } from "./problem.ts";
import {
  type Draft,
  optional,
  type Setting,
  type SettingsTable,
  toEnvironmentName,
  toKey,
  type ValuesOf,
} from "./setting.ts";
import { type Given, readArguments, readEnvironment, readSettingsFile, type Source } from "./sources.ts";

/** What a command's settings are read from. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export type Loaded<T extends SettingsTable> =
  | { readonly ok: true; readonly values: ValuesOf<T>; readonly given: GivenSettings }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

/** What was given, by flag name: the text that counts and where it stands. A setting that is not in it has its default. */
export type GivenSettings = ReadonlyMap<string, Given>;

const CONFIG = "config";

/** What every command with settings takes besides its own. */
export const COMMON_SETTINGS = {
  config: optional(path, {
    group: "Everywhere",
    help: "YAML file with settings, by their flags' names; flags and environment take precedence",
  }),
} as const;

/** Loads `table`. `check` gets what could be parsed, and its problems join the others. */
export function loadSettings<T extends SettingsTable>(
  table: T,
  surroundings: Surroundings,
  check: (draft: Draft<T>) => readonly SettingProblem[] = () => [],
): Loaded<T> {
  const sources = readSources(table, surroundings);
  const problems = sources.flatMap((source) => source.problems);
  const values: Record<string, unknown> = {};
  // The first source takes precedence over the others.
  const given = new Map(sources.toReversed().flatMap((source) => [...source.given]));
  for (const [flag, row] of Object.entries(table)) {
    const parsed = parse(flag, row, given.get(flag));
    if ("problem" in parsed) problems.push(parsed.problem);
    else values[toKey(flag)] = parsed.value;
  }
  problems.push(...withoutConsequences(check(values as Draft<T>), problems));
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, values: Object.freeze(values) as ValuesOf<T>, given };
}

/**
 * What follows from another problem is none of its own: a setting whose text is invalid is not missing too, nor is one that
 * an unreadable file would have given.
 */
function withoutConsequences(found: readonly SettingProblem[], causes: readonly SettingProblem[]): SettingProblem[] {
  const known = new Set(causes.map(({ setting }) => setting));
  if (known.has(CONFIG)) return [];
  return found.filter(
    ({ setting, mayComeFrom }) => !known.has(setting) && (mayComeFrom === undefined || !known.has(mayComeFrom)),
  );
}

/** In order of precedence. */
function readSources(table: SettingsTable, { argv, env }: Surroundings): readonly Source[] {
  const flags = readArguments({ ...table, ...COMMON_SETTINGS }, argv);
  const variable = toEnvironmentName("config");
  const flag = flags.given.get("config")?.texts[0];
  const file = flag ?? env[variable];
  const namedBy = flag === undefined ? variable : "--config";
  const settingsFile = file === undefined || file === "" ? [] : [readSettingsFile(table, file, namedBy)];
  return [flags, readEnvironment(table, env), ...settingsFile];
}

type Outcome = { readonly value: unknown } | { readonly problem: SettingProblem };

function parse(flag: string, row: Setting<unknown>, given: Given | undefined): Outcome {
  const { texts, source } = given ?? { texts: row.fallback === undefined ? [] : [row.fallback], source: "the default" };
  // An empty text unsets what may be absent, so that a flag can take back what the file says.
  const isUnset = given === undefined || (row.kind.takesEmpty !== true && texts.every((text) => text === ""));
  if (row.fallback === undefined && isUnset) return { value: undefined };
  const parsed = row.kind.parse(texts);
  if ("value" in parsed) return parsed;
  const problem = parsed.fix === undefined ? parsed.wrong : `${parsed.wrong}; ${parsed.fix}`;
  const value = row.kind.form === "list" ? {} : { value: texts[0] ?? "" };
  return { problem: { setting: flag, source, ...value, problem } };
}
