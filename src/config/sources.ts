/**
 * The texts of settings as they stand in each of their places: the command line, the environment, a YAML file.
 * Nothing is parsed here beyond finding which setting a text belongs to; `load.ts` decides which place wins.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseDocument } from "yaml";
import { findNearest } from "../text/nearest.ts";
import type { Fault } from "./fault.ts";
import { type SettingsTable, toEnvironmentName } from "./setting.ts";

/** What one place says of one setting. */
export interface Given {
  /** As in Fault: `--location`, `KEYLESS_CSI_LOCATION`, `controller.yaml: location`. */
  readonly source: string;
  readonly texts: readonly string[];
}

/** What one place says, by flag name, and what is wrong with the place itself. */
export interface Place {
  readonly given: ReadonlyMap<string, Given>;
  readonly faults: readonly Fault[];
}

/** Reads `--name value`, `--name=value`, `--switch`, `--no-switch`. Arguments without a flag are faults. */
export function readArguments(table: SettingsTable, argv: readonly string[]): Place {
  const given = new Map<string, Given>();
  const faults: Fault[] = [];
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name = "", text] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === "") {
      faults.push({
        setting: "",
        source: "argument",
        value: argument,
        problem: "is not expected; settings are --flags",
      });
      continue;
    }
    const flag = toFlag(table, name, text);
    const texts = flag.text ?? (flag.isSwitch ? "true" : takeValue(rest));
    if (!Object.hasOwn(table, flag.name)) faults.push(unknown(`--${name}`, flag.name, Object.keys(table), "--"));
    else if (texts === undefined) faults.push({ setting: name, source: `--${name}`, problem: "needs a value" });
    else addGiven(table, given, faults, { name: flag.name, text: texts });
  }
  return { given, faults };
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
  faults: Fault[],
  found: { readonly name: string; readonly text: string },
): void {
  const source = `--${found.name}`;
  const before = given.get(found.name);
  if (before !== undefined && table[found.name]?.kind.form !== "list") {
    faults.push({ setting: found.name, source, value: found.text, problem: "is given twice; give it once" });
    return;
  }
  given.set(found.name, { source, texts: [...(before?.texts ?? []), found.text] });
}

/**
 * Reads `KEYLESS_CSI_<FLAG>` and the names in `alsoFrom`. An empty variable counts as absent, but
 * where it is a value of its own. Unknown KEYLESS_CSI_
 * variables are left alone: Kubernetes sets some for every Service of that name.
 */
export function readEnvironment(table: SettingsTable, env: NodeJS.ProcessEnv): Place {
  const given = new Map<string, Given>();
  for (const [flag, row] of Object.entries(table)) {
    const isGiven = (name: string) =>
      row.kind.takesEmpty === true ? env[name] !== undefined : (env[name] ?? "") !== "";
    const source = [toEnvironmentName(flag), ...(row.alsoFrom ?? [])].find(isGiven);
    if (source !== undefined) given.set(flag, { source, texts: [env[source] ?? ""] });
  }
  return { given, faults: [] };
}

/** Reads a YAML mapping with the flags' names as keys. */
export function readSettingsFile(table: SettingsTable, path: string): Place {
  const broken = (problem: string): Place => ({
    given: new Map(),
    faults: [{ setting: "config", source: "--config", value: path, problem }],
  });
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return broken(`cannot be read (${error instanceof Error && "code" in error ? error.code : error})`);
  }
  // The failsafe schema leaves every scalar the text that was written: a cluster id 007 must not become 7.
  const document = parseDocument(text, { schema: "failsafe" });
  const [error] = document.errors;
  if (error !== undefined) return broken(`is not YAML: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}`);
  const content: unknown = document.toJS({ mapAsMap: true });
  if (content === null || content === "") return { given: new Map(), faults: [] };
  if (!(content instanceof Map)) return broken("must hold one mapping of settings to values");
  return readMapping(table, content, basename(path));
}

function readMapping(table: SettingsTable, content: ReadonlyMap<unknown, unknown>, file: string): Place {
  const given = new Map<string, Given>();
  const faults: Fault[] = [];
  for (const [key, value] of content) {
    const name = String(key);
    const source = `${file}: ${name}`;
    const texts = toTexts(value);
    if (!Object.hasOwn(table, name)) faults.push(unknown(source, name, Object.keys(table), ""));
    else if (texts === undefined || (Array.isArray(value) && table[name]?.kind.form !== "list")) {
      faults.push({
        setting: name,
        source,
        problem: "has the wrong shape; write one value, or a list where it may repeat",
      });
    } else given.set(name, { source, texts });
  }
  return { given, faults };
}

function toTexts(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value : undefined;
}

/** The fault of an unknown name. Its value is not shown: nobody knows what it is. */
function unknown(source: string, name: string, known: readonly string[], prefix: string): Fault {
  const nearest = findNearest(name, known);
  const advice = nearest === undefined ? "see --help for those there are" : `did you mean ${prefix}${nearest}?`;
  return { setting: name, source, problem: `is not a setting of this command; ${advice}` };
}
