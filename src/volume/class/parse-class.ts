/**
 * From StorageClass parameters (untrusted text) to a VolumeClass (typed): the first step of CreateVolume. Every problem is
 * found at once, and nothing is touched while there is one.
 */
import type { Backend } from "../../backend/backend.ts";
import { DriverError } from "../../errors.ts";
import { listed, MOST_LISTED, shown } from "../../text/cut.ts";
import { withoutUndefined } from "../../text/members.ts";
import { findNearest } from "../../text/nearest.ts";
import type { Settings } from "../settings.ts";
import { findRow, isUsed, type ParameterRow, type StatedParameter, type UsedParameter } from "./parameter-row.ts";
import { findContradictions } from "./rules.ts";
import type { VolumeClass } from "./volume-class.ts";

/** The texts of the parameters that are used, by their names in lower case. */
type Texts = ReadonlyMap<string, string>;

/** Throws InvalidRequest with the problems, ten at most, each naming the parameter, its value and the fix. */
export function parseVolumeClass<Class extends VolumeClass>(
  parameters: Readonly<Record<string, string>>,
  settings: Settings,
  backend: Backend<Class>,
): Class {
  const problems: string[] = [];
  const texts = usedTexts(backend.parameters, parameters, problems);
  const rows = backend.parameters.filter(isUsed);
  const fields = readFields(rows, texts, problems);
  for (const row of rows) fields[row.field] ??= row.default?.(settings, fields);
  // Every field has the type of its row now. Where a text could not be read, its default stands in until the end.
  const volumeClass = withoutUndefined(fields) as unknown as Class;
  problems.push(...findContradictions({ volumeClass, texts, settings, backend }));
  if (problems.length > 0) throw new DriverError("InvalidRequest", describe(problems));
  return volumeClass;
}

/** The count comes first where not all are listed: an event shows 1 KiB. */
function describe(problems: readonly string[]): string {
  const count = problems.length > MOST_LISTED ? ` (${problems.length} problems, the first ${MOST_LISTED})` : "";
  return `StorageClass parameters${count}: ${listed(problems)}`;
}

/** Judges every parameter that is not used, and leaves the texts of those that are. */
function usedTexts(
  rows: readonly ParameterRow[],
  parameters: Readonly<Record<string, string>>,
  problems: string[],
): Texts {
  const texts = new Map<string, string>();
  const seen = new Map<string, string>();
  for (const [name, text] of Object.entries(parameters)) {
    const key = name.toLowerCase();
    const twin = seen.get(key);
    if (twin !== undefined) problems.push(`${shown(name)} and ${shown(twin)} are the same parameter: keep one`);
    seen.set(key, name);
    const row = findRow(rows, name);
    const problem = row === undefined ? unknownParameter(rows, name) : refusal(row, name, text);
    if (problem !== undefined) problems.push(problem);
    else texts.set(key, text);
  }
  return texts;
}

/** An empty text counts as absent, as it does in blob.csi.azure.com. */
function readFields(rows: readonly UsedParameter[], texts: Texts, problems: string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const readFrom = new Map<string, string>();
  for (const { name, field, kind, refusesEmpty } of rows) {
    const text = texts.get(name.toLowerCase());
    if (text === undefined || (text === "" && !refusesEmpty)) continue;
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

function unknownParameter(rows: readonly ParameterRow[], name: string): string {
  const nearest = findNearest(
    name,
    rows.map((row) => row.name),
  );
  return `${shown(name)} is not a parameter of this driver${nearest === undefined ? ": remove it" : `: did you mean ${nearest}?`}`;
}

/** Why a parameter cannot be accepted with this text; undefined when it can, or is used and read later. */
function refusal(row: ParameterRow, name: string, text: string): string | undefined {
  switch (row.effect) {
    case "stated":
      return isStated(row, text) || row.ignored?.test(text) ? undefined : noEffect(row, name, text);
    case "key-based":
      return `${name} belongs to mounting by account key or stored credential, which this driver never does: ${row.instead}`;
    case "not yet":
      return `${name} is not supported yet: ${row.instead}`;
    default:
      return undefined;
  }
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
