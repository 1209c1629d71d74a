/**
 * From StorageClass parameters (untrusted text) to a VolumeClass (typed): the first step of CreateVolume. Every problem is
 * found at once, and nothing is touched while there is one.
 */
import type { Backend } from "../../backend/backend.ts";
import { DriverError } from "../../errors.ts";
import { listed, MOST_LISTED, shown } from "../../text/cut.ts";
import { withoutUndefined } from "../../text/members.ts";
import type { Settings } from "../settings.ts";
import {
  findRow,
  isRefused,
  isUsed,
  type ParameterRow,
  type StatedParameter,
  type UsedParameter,
} from "./parameter-row.ts";
import { describeGroups } from "./refusal.ts";
import { reservedRow } from "./refused-parameters.ts";
import { findContradictions } from "./rules.ts";
import { describeUnknown } from "./unknown-parameter.ts";
import type { VolumeClass } from "./volume-class.ts";

/** The texts of the parameters that are used, by their names in lower case. */
type Texts = ReadonlyMap<string, string>;

interface Rules<Class extends VolumeClass> {
  readonly settings: Settings;
  readonly backend: Backend<Class>;
}

/** Throws InvalidRequest with the problems, ten at most, each naming the parameter, its value and the fix. */
export function parseVolumeClass<Class extends VolumeClass>(
  parameters: Readonly<Record<string, string>>,
  settings: Settings,
  backend: Backend<Class>,
): Class {
  const rules = { settings, backend };
  const { texts, problems } = usedTexts(parameters, rules);
  const judged = judge(texts, rules);
  problems.push(...judged.problems);
  if (problems.length > 0) throw new DriverError("InvalidRequest", describe(problems));
  return judged.volumeClass;
}

/** The count comes first where not all are listed: an event shows 1 KiB. */
function describe(problems: readonly string[]): string {
  const count = problems.length > MOST_LISTED ? ` (${problems.length} problems, the first ${MOST_LISTED})` : "";
  return `StorageClass parameters${count}: ${listed(problems)}`;
}

/** The class that the texts of used parameters make, and what is wrong with them. */
function judge<Class extends VolumeClass>(
  texts: Texts,
  { settings, backend }: Rules<Class>,
): { readonly volumeClass: Class; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const rows = backend.parameters.filter(isUsed);
  const fields = readFields(rows, texts, problems);
  for (const row of rows) fields[row.field] ??= row.default?.(settings, fields);
  // Every field has the type of its row now. Where a text could not be read, its default stands in until the end.
  const volumeClass = withoutUndefined(fields) as unknown as Class;
  problems.push(...findContradictions({ volumeClass, texts, settings, backend }));
  return { volumeClass, problems };
}

/** Judges every parameter that is not used, and leaves the texts of those that are. */
function usedTexts<Class extends VolumeClass>(
  parameters: Readonly<Record<string, string>>,
  rules: Rules<Class>,
): { readonly texts: Texts; readonly problems: string[] } {
  const rows = rules.backend.parameters;
  // An empty text counts as absent, as it does in blob.csi.azure.com, unless nobody knows the parameter.
  const all = Object.entries(parameters).map(([name, text]) => ({
    name,
    text,
    row: findRow(rows, name) ?? reservedRow(name),
  }));
  const unknown = all.filter(({ row }) => row === undefined);
  const given = all.flatMap(({ row, ...each }) => (row === undefined || each.text === "" ? [] : [{ ...each, row }]));
  const refused = given.flatMap(({ name, row }) => (isRefused(row) ? [{ name, row }] : []));
  const wrong = given.flatMap(({ name, text, row }) => (isRefused(row) ? [] : (refusal(row, name, text) ?? [])));
  const problems = [...findTwins(Object.keys(parameters)), ...wrong, ...describeGroups(refused)];
  const texts = new Map(given.map(({ name, text }) => [name.toLowerCase(), text]));
  const whyNot = whyNotInstead(parameters, texts, rules);
  for (const { name, text } of unknown) {
    // What no message shows is only counted: there may be tens of thousands.
    const isShown = problems.length < MOST_LISTED;
    problems.push(isShown ? describeUnknown(name, rows, (row) => whyNot(row, name, text)) : name);
  }
  return { texts, problems };
}

function findTwins(names: readonly string[]): string[] {
  const seen = new Map<string, string>();
  return names.flatMap((name) => {
    const twin = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    return twin === undefined ? [] : [`${shown(name)} and ${shown(twin)} are the same parameter: keep one`];
  });
}

/** What would be wrong if an unknown parameter were that of a row; the answer is undefined when that is no new problem. */
function whyNotInstead<Class extends VolumeClass>(
  parameters: Readonly<Record<string, string>>,
  texts: Texts,
  rules: Rules<Class>,
): (row: ParameterRow, name: string, text: string) => string | undefined {
  const stated = Object.entries(parameters).filter(([, text]) => text !== "");
  const given = new Set(stated.map(([name]) => name.toLowerCase()));
  return (row, name, text) => {
    if (given.has(row.name.toLowerCase())) return `it is given already: remove ${shown(name)}`;
    if (!isUsed(row)) return refusal(row, row.name, text);
    const known = judge(texts, rules).problems;
    const renamed = judge(new Map([...texts, [row.name.toLowerCase(), text]]), rules).problems;
    return renamed.find((problem) => problem.startsWith(row.name) && !known.includes(problem));
  };
}

function readFields(rows: readonly UsedParameter[], texts: Texts, problems: string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const readFrom = new Map<string, string>();
  for (const { name, field, kind } of rows) {
    const text = texts.get(name.toLowerCase());
    if (text === undefined) continue;
    const parsed = kind(text, fields);
    const twin = readFrom.get(field);
    if (!("value" in parsed)) problems.push(`${name} "${shown(text)}" is not valid: ${parsed.fix}`);
    else if (twin === undefined) {
      fields[field] = parsed.value;
      readFrom.set(field, name);
    } else if (parsed.value !== fields[field]) {
      problems.push(
        `${twin} "${shown(String(fields[field]))}" and ${name} "${shown(String(parsed.value))}" differ: keep one`,
      );
    }
  }
  return fields;
}

/** Why a parameter cannot be accepted with this text; undefined when it can, or is used and read later. */
function refusal(row: ParameterRow, name: string, text: string): string | undefined {
  if (isRefused(row)) return describeGroups([{ row, name }])[0];
  if (isUsed(row) || isStated(row, text) || row.ignored?.test(text)) return undefined;
  return noEffect(row, name, text);
}

/** What to report of parameters that are accepted and do nothing, each with what works instead. */
export function findIgnored(
  rows: readonly ParameterRow[],
  parameters: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(parameters).flatMap(([name, text]) => {
    const row = findRow(rows, name);
    if (row?.effect !== "stated" || isStated(row, text) || !row.ignored?.test(text)) return [];
    return [noEffect(row, name, text)];
  });
}

function isStated({ values }: StatedParameter, text: string): boolean {
  return values.some((stated) => stated.toLowerCase() === text.toLowerCase());
}

function noEffect(row: StatedParameter, name: string, text: string): string {
  return `${name} "${shown(text)}" has no effect, ${row.because}: ${statedFix(row)}`;
}

function statedFix({ values, instead }: StatedParameter): string {
  const named = values.filter((value) => value !== "").map((value) => `"${value}"`);
  const fix = named.length === 0 ? "remove it" : `remove it or set it to ${named.join(" or ")}`;
  return instead === undefined ? fix : `${fix}; ${instead}`;
}
