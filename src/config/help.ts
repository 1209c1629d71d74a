/**
 * A settings table for readers: the text of `--help`, and the JSON Schema of the configuration file.
 */
import { wrap } from "../text/wrap.ts";
import type { Setting, SettingsTable } from "./setting.ts";
import { toEnvironmentNames } from "./setting.ts";

/** The settings under their headings, each with its default and its environment names. */
export function toHelp(table: SettingsTable): string {
  const groups = new Map<string, string[]>();
  for (const [flag, row] of Object.entries(table)) {
    groups.set(row.group, [...(groups.get(row.group) ?? []), toEntry(flag, row)]);
  }
  return [...groups].map(([group, entries]) => `${group}:\n${entries.join("")}`).join("\n");
}

function toEntry(flag: string, row: Setting<unknown>): string {
  const form = row.kind.form === "switch" ? `--[no-]${flag}` : toForm(flag, row.kind.placeholder);
  const repeat = row.kind.form === "list" ? "; may be repeated" : "";
  return `  ${form}\n${wrapped(`${row.help}${repeat}`)}${wrapped(`[${toDefault(row)}; ${toSources(flag, row)}]`)}`;
}

/** A long choice goes on below, behind one of its bars. */
function toForm(flag: string, placeholder: string): string {
  const lines = wrap(`--${flag} ${placeholder}`.replaceAll("|", "| "), INDENT);
  return lines.join("\n").trimStart().replaceAll("| ", "|");
}

const INDENT = " ".repeat(6);

function wrapped(text: string): string {
  return `${wrap(text, INDENT).join("\n")}\n`;
}

/** `environment: KEYLESS_CSI_LOCATION`, or that a value is accepted on the command line only. */
function toSources(flag: string, row: Setting<unknown>): string {
  if (row.onlyFrom !== undefined) return `${row.onlyFrom} only`;
  return `environment: ${toEnvironmentNames(flag, row).join(", ")}`;
}

/** `default: 50s`, what holds without the setting, or that it is required. */
export function toDefault(row: Setting<unknown>): string {
  if (row.absent?.startsWith("required") === true) return row.absent;
  if (row.fallback === undefined) return `default: ${row.absent ?? "none"}`;
  return `default: ${row.fallback === "" ? "none" : row.fallback}`;
}

/** The JSON Schema (2020-12) of a configuration file that holds settings of `table`, without those it may not hold. */
export function toJsonSchema(table: SettingsTable, title: string): Readonly<Record<string, unknown>> {
  const rows = Object.entries(table).filter(([, row]) => row.onlyFrom === undefined);
  const properties = rows.map(([flag, row]) => [
    flag,
    {
      description: row.help,
      ...row.kind.schema,
      ...(row.fallback !== undefined && row.fallback !== "" && { default: toJsonValue(row.fallback, row) }),
    },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

function toJsonValue(fallback: string, row: Setting<unknown>): unknown {
  const type = row.kind.schema["type"];
  if (type === "boolean") return fallback === "true";
  if (type === "number" || type === "integer") return Number(fallback);
  return type === "array" ? fallback.split(",") : fallback;
}
