/** The page at `/_emulator/`: what the emulator holds and what it was asked last, as plain HTML without scripts. */
import type { CallReport, LoggedCall } from "./call-log.ts";
import type { StateView } from "./state-view.ts";

/** How many of the last calls are shown. */
const SHOWN_CALLS = 50;

type Row = Readonly<Record<string, unknown>>;

/** A table: heading of each column, and what it shows of a row. */
type Columns<T> = readonly (readonly [string, (row: T) => unknown])[];

const ACCOUNTS: Columns<Row> = [
  ["Account", (row) => row["name"]],
  ["Resource group", (row) => row["resourceGroup"]],
  ["Location", (row) => row["location"]],
  ["SKU", (row) => (row["sku"] as Row)["name"]],
  ["Shared keys", (row) => ((row["properties"] as Row)["allowSharedKeyAccess"] === false ? "off" : "ON")],
  ["Public access", (row) => ((row["properties"] as Row)["allowBlobPublicAccess"] === true ? "ON" : "off")],
];

const CONTAINERS: Columns<Row> = [
  ["Container", (row) => `${row["account"]}/${row["name"]}`],
  ["Blobs", (row) => row["blobs"]],
  ["Lease", (row) => (row["lease"] as Row)["state"]],
  ["Metadata", (row) => toPairs(row["metadata"] as Row)],
  ["State", (row) => (row["deletedUntil"] === undefined ? "" : "being deleted")],
];

const CALLS: Columns<LoggedCall> = [
  ["Time", ({ time }) => time.slice(11, 23)],
  ["Service", ({ service }) => service],
  ["Operation", ({ operation }) => operation],
  ["Call", ({ method, path }) => `${method} ${path}`],
  ["Status", ({ status }) => (status === 0 ? "no answer" : status)],
  ["ms", ({ milliseconds }) => milliseconds],
  ["Scripted fault", ({ fault }) => fault ?? ""],
];

/** The whole page. */
export function renderPage(state: StateView, report: CallReport): string {
  const alarms = report.alarms.map((alarm) => `<p class="alarm">ALARM: ${toText(alarm)}</p>`).join("");
  const calls = report.calls.slice(-SHOWN_CALLS).reverse();
  const body = [
    "<h1>keyless-csi emulator</h1><p>This is not Azure. Reload the page to see what has changed.</p>",
    alarms,
    table("Storage accounts", "accounts", state.accounts, ACCOUNTS),
    table("Containers", "containers", state.containers, CONTAINERS),
    table("Role assignments", "grants", state.roleAssignments, grantColumns(state)),
    table(`Last calls (of ${report.total})`, "calls", calls, CALLS),
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>keyless-csi emulator</title><style>${STYLE}</style></head><body>${body.join("\n")}</body></html>\n`;
}

const STYLE =
  "body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24}table{border-collapse:collapse;margin-bottom:2rem}" +
  "th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #d0d7de;vertical-align:top}" +
  "td{font-family:ui-monospace,monospace;font-size:12px;word-break:break-all}.alarm{color:#cf222e;font-weight:bold}" +
  "@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}}";

/** Grants name principals and roles by id; the page names them as people do. */
function grantColumns(state: StateView): Columns<Row> {
  const nameOf = (rows: readonly Row[], key: string, name: string) => new Map(rows.map((row) => [row[key], row[name]]));
  const principals = nameOf(state.principals, "id", "displayName");
  const roles = nameOf(state.roleDefinitions, "name", "roleName");
  return [
    ["Who", (row) => principals.get(row["principalId"]) ?? row["principalId"]],
    ["Role", (row) => roles.get(row["roleDefinitionName"]) ?? row["roleDefinitionName"]],
    ["Scope", (row) => row["scope"]],
    ["Condition", (row) => (row["condition"] === undefined ? "" : "yes")],
    ["State", (row) => (row["effectiveUntil"] === undefined ? "" : "removed")],
  ];
}

function table<T>(title: string, id: string, rows: readonly T[], columns: Columns<T>): string {
  const heading = `<h2>${toText(title)}</h2>`;
  if (rows.length === 0) return `${heading}<p id="${id}">None.</p>`;
  const head = columns.map(([name]) => `<th>${toText(name)}</th>`).join("");
  const lines = rows.map((row) => `<tr>${columns.map(([, show]) => `<td>${toText(show(row))}</td>`).join("")}</tr>`);
  return `${heading}<table id="${id}"><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
}

function toPairs(values: Row): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

/** What is shown comes from whoever called the emulator: none of it may become markup. */
function toText(value: unknown): string {
  return String(value ?? "").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
