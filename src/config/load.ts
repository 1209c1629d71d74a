/**
 * Loads a settings table: flags win over the environment, the environment over the file of `--config`, and that over
 * the defaults. Every fault of every place is collected.
 */
import type { Fault } from "./fault.ts";
import { path } from "./kinds.ts";
import { type Draft, optional, type SettingsTable, toEnvironmentName, toKey, type ValuesOf } from "./setting.ts";
import { type Given, type Place, readArguments, readEnvironment, readSettingsFile } from "./sources.ts";

/** Where a command's settings are read from. */
export interface Sources {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export type Loaded<T extends SettingsTable> =
  | { readonly ok: true; readonly values: ValuesOf<T> }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** What every command with settings takes besides its own. */
export const COMMON_SETTINGS = {
  config: optional(path, {
    group: "Everywhere",
    help: "YAML file with settings, by their flags' names; flags and environment win over it",
  }),
} as const;

/** Loads `table`. `check` sees what could be parsed, and its faults join the others. */
export function loadSettings<T extends SettingsTable>(
  table: T,
  sources: Sources,
  check: (draft: Draft<T>) => readonly Fault[] = () => [],
): Loaded<T> {
  const places = readPlaces(table, sources);
  const faults = places.flatMap((place) => place.faults);
  const values: Record<string, unknown> = {};
  for (const flag of Object.keys(table)) {
    const given = places.map((place) => place.given.get(flag)).find((each) => each !== undefined);
    const parsed = parse(table, flag, given);
    if ("fault" in parsed) faults.push(parsed.fault);
    else values[toKey(flag)] = parsed.value;
  }
  // A setting whose text is faulty is not also missing.
  const known = new Set(faults.map((fault) => fault.setting));
  faults.push(...check(values as Draft<T>).filter((fault) => fault.setting === "" || !known.has(fault.setting)));
  return faults.length > 0 ? { ok: false, faults } : { ok: true, values: Object.freeze(values) as ValuesOf<T> };
}

/** The places in the order in which they win. */
function readPlaces(table: SettingsTable, { argv, env }: Sources): readonly Place[] {
  const flags = readArguments({ ...table, ...COMMON_SETTINGS }, argv);
  const file = flags.given.get("config")?.texts[0] ?? env[toEnvironmentName("config")];
  const settingsFile = file === undefined || file === "" ? [] : [readSettingsFile(table, file)];
  return [flags, readEnvironment(table, env), ...settingsFile];
}

type Outcome = { readonly value: unknown } | { readonly fault: Fault };

function parse(table: SettingsTable, flag: string, given: Given | undefined): Outcome {
  const row = table[flag];
  if (row === undefined) throw new Error(`no setting ${flag}`);
  const { texts, source } = given ?? { texts: row.fallback === undefined ? [] : [row.fallback], source: "the default" };
  // An empty text unsets what may be absent, so that a flag can take back what the file says.
  const isUnset = given === undefined || (row.kind.takesEmpty !== true && texts.every((text) => text === ""));
  if (row.fallback === undefined && isUnset) return { value: undefined };
  const parsed = row.kind.parse(texts);
  if ("value" in parsed) return parsed;
  const problem = parsed.fix === undefined ? parsed.wrong : `${parsed.wrong}; ${parsed.fix}`;
  const value = row.kind.form === "list" ? {} : { value: texts[0] ?? "" };
  return { fault: { setting: flag, source, ...value, problem } };
}
