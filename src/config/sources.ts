/**
 * The texts of settings as they stand in each source: the command line, the environment, a YAML file. Here a text is only
 * matched to its setting; `load.ts` decides which source takes precedence.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseDocument } from "yaml";
import { fileFault } from "../text/file-faults.ts";
import { findNearest } from "../text/nearest.ts";
import type { SettingProblem } from "./problem.ts";
import { type SettingsTable, toEnvironmentNames } from "./setting.ts";

/** What one source says of one setting. */
export interface Given {
  /** As in SettingProblem: `--location`, `KEYLESS_CSI_LOCATION`, `controller.yaml: location`. */
  readonly source: string;
  readonly texts: readonly string[];
}

/** What one source says, by flag name, and what is wrong with the source itself. */
export interface Source {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly SettingProblem[];
}

/**
 * Reads `--name value`, `--name=value`, `--switch`, `--no-switch`. Arguments without a flag are problems. Not done by
 * parseArgs of node:util: it takes `--b` as the value of `--a` in `--a --b`, so that a forgotten value would hide the
 * next flag, and it accepts `-x` and `--`.
 */
export function readArguments(table: SettingsTable, argv: readonly string[]): Source {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name = "", text] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === "") {
      const problem = "is not expected; settings are --flags";
      problems.push({ setting: "", source: "argument", value: argument, problem });
      continue;
    }
    const flag = toFlag(table, name, text);
    const value = flag.text ?? (flag.isSwitch ? "true" : takeValue(rest));
    if (!Object.hasOwn(table, flag.name)) problems.push(unknown(`--${name}`, flag.name, Object.keys(table), "--"));
    else if (value === undefined) problems.push({ setting: name, source: `--${name}`, problem: "needs a value" });
    else addGiven(table, given, problems, { name: flag.name, text: value });
  }
  return { given, problems };
}

function toFlag(table: SettingsTable, name: string, text: string | undefined) {
  const isSwitch = isSwitchIn(table, name);
  const positive = name.startsWith("no-") ? name.slice(3) : name;
  if (!isSwitch && text === undefined && isSwitchIn(table, positive)) {
    return { name: positive, text: "false", isSwitch: true };
  }
  return { name, text, isSwitch };
}

/** The next argument, unless it is a flag itself: a value that begins with two dashes is written `--name=--value`. */
function takeValue(rest: string[]): string | undefined {
  return rest[0]?.startsWith("--") === true ? undefined : rest.shift();
}

function isSwitchIn(table: SettingsTable, name: string): boolean {
  return Object.hasOwn(table, name) && table[name]?.kind.form === "switch";
}

function addGiven(
  table: SettingsTable,
  given: Map<string, Given>,
  problems: SettingProblem[],
  found: { readonly name: string; readonly text: string },
): void {
  const source = `--${found.name}`;
  const before = given.get(found.name);
  if (before !== undefined && table[found.name]?.kind.form !== "list") {
    problems.push({ setting: found.name, source, value: found.text, problem: "is given twice; give it once" });
    return;
  }
  given.set(found.name, { source, texts: [...(before?.texts ?? []), found.text] });
}

/**
 * Reads `KEYLESS_CSI_<FLAG>` and the names in `alsoFrom`. An empty variable counts as absent, unless the kind takes an
 * empty text as a value. Variables that no setting has are for `unknown-variables.ts`.
 */
export function readEnvironment(table: SettingsTable, env: NodeJS.ProcessEnv): Source {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  for (const [flag, row] of Object.entries(table)) {
    const isGiven = (name: string) =>
      row.kind.takesEmpty === true ? env[name] !== undefined : (env[name] ?? "") !== "";
    const source = toEnvironmentNames(flag, row).find(isGiven);
    if (source === undefined) continue;
    if (row.onlyFrom === undefined) given.set(flag, { source, texts: [env[source] ?? ""] });
    else problems.push(notThere(source, flag));
  }
  return { given, problems };
}

/** Reads a YAML mapping with the flags' names as keys. `namedBy` is where the path stands: `--config` or its variable. */
export function readSettingsFile(table: SettingsTable, path: string, namedBy = "--config"): Source {
  const broken = (problem: string): Source => ({
    given: new Map(),
    problems: [{ setting: "config", source: namedBy, value: path, problem }],
  });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { wrong, fix } = fileFault(error);
    return broken(`${wrong}; ${fix}`);
  }
  return readSettingsText(table, text, basename(path), broken);
}

/** The same of a file's content; `file` is its name, and `broken` says what is wrong with all of it. */
export function readSettingsText(
  table: SettingsTable,
  text: string,
  file: string,
  broken: (problem: string) => Source,
): Source {
  // The failsafe schema leaves every scalar the text that was written: a cluster id 007 must not become 7.
  const document = parseDocument(text, { schema: "failsafe" });
  const [error] = document.errors;
  if (error !== undefined) {
    return broken(`is not YAML: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}; correct it there`);
  }
  const content: unknown = document.toJS({ mapAsMap: true });
  if (content === null || content === "") return { given: new Map(), problems: [] };
  if (!(content instanceof Map)) {
    return broken('must hold one mapping of settings to values; write lines such as "location: westeurope"');
  }
  return readMapping(table, content, file);
}

function readMapping(table: SettingsTable, content: ReadonlyMap<unknown, unknown>, file: string): Source {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  for (const [key, value] of content) {
    const name = String(key);
    const source = `${file}: ${name}`;
    const texts = toTexts(value);
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) problems.push(unknown(source, name, Object.keys(table), ""));
    else if (row.onlyFrom !== undefined) problems.push(notThere(source, name));
    else if (texts === undefined || (Array.isArray(value) && row.kind.form !== "list")) {
      const problem = "has the wrong shape; write one value, or a list where it may repeat";
      problems.push({ setting: name, source, problem });
    } else given.set(name, { source, texts });
  }
  return { given, problems };
}

function toTexts(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value : undefined;
}

/** A confirmation that stands in the environment or a file would confirm every later run too. */
function notThere(source: string, flag: string): SettingProblem {
  return { setting: flag, source, problem: `is accepted on the command line only; remove it and give --${flag} there` };
}

/** An unknown name. Its value is not shown: it may be a secret. */
function unknown(source: string, name: string, known: readonly string[], prefix: string): SettingProblem {
  const nearest = findNearest(name, known);
  const advice = nearest === undefined ? "see --help for those that exist" : `did you mean ${prefix}${nearest}?`;
  return { setting: name, source, problem: `is not a setting of this command; ${advice}` };
}
