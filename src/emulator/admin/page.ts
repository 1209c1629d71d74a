/** The page at `/_emulator/`: what the emulator holds and what it was asked last. Whole without scripts; one keeps it current. */
import type { CallReport, LoggedCall } from "../call-log.ts";
import { CONTRACT } from "./contract-count.generated.ts";
import { LIVE_ID, LIVE_SCRIPT } from "./live.ts";
import { PAGE_STYLE } from "./page-style.ts";
import type { StateView } from "./state-view.ts";

/** How many of the last calls are shown. */
const SHOWN_CALLS = 50;

type Row = Readonly<Record<string, unknown>>;

interface Column<T> {
  readonly title: string;
  readonly show: (row: T) => unknown;
  /** Long texts wrap; good and bad are coloured. */
  readonly look?: (row: T) => "long" | "good" | "bad" | "";
}

const long = () => "long" as const;
const goodWhen = (isGood: (row: Row) => boolean) => (row: Row) => (isGood(row) ? ("good" as const) : ("bad" as const));
const property = (row: Row, name: string) => (row["properties"] as Row)[name];
const hasNoKeys = (row: Row) => property(row, "allowSharedKeyAccess") === false;
const isPrivate = (row: Row) => property(row, "allowBlobPublicAccess") !== true;

const ACCOUNTS: readonly Column<Row>[] = [
  { title: "Account", show: (row) => row["name"] },
  { title: "Resource group", show: (row) => row["resourceGroup"] },
  { title: "Location", show: (row) => row["location"] },
  { title: "SKU", show: (row) => (row["sku"] as Row)["name"] },
  { title: "Shared keys", show: (row) => (hasNoKeys(row) ? "off" : "ON"), look: goodWhen(hasNoKeys) },
  { title: "Public access", show: (row) => (isPrivate(row) ? "off" : "ON"), look: goodWhen(isPrivate) },
  { title: "Tags", show: (row) => toPairs(row["tags"] as Row), look: long },
];

const CONTAINERS: readonly Column<Row>[] = [
  { title: "Account", show: (row) => row["account"] },
  { title: "Container", show: (row) => row["name"] },
  { title: "Blobs", show: (row) => row["blobs"] },
  { title: "Lease", show: (row) => (row["lease"] as Row)["state"] },
  { title: "State", show: (row) => (row["deletedUntil"] === undefined ? "there" : "being deleted") },
  { title: "Metadata", show: (row) => toPairs(row["metadata"] as Row), look: long },
];

const POLICIES: readonly Column<Row>[] = [
  { title: "Deny policy", show: (row) => row["displayName"] },
  { title: "Resource type", show: (row) => row["resourceType"] },
  { title: "Must be", show: (row) => toRequirement(row), look: long },
  { title: "Scope", show: (row) => row["scope"], look: long },
];

/** A 404 or 409 is an ordinary answer: it only says that something does not exist yet, or already does. */
const lookOf = ({ status }: LoggedCall) => {
  if (status === 0 || status >= 500 || [401, 403, 429].includes(status)) return "bad";
  return status < 400 ? "good" : "";
};
const CALLS: readonly Column<LoggedCall>[] = [
  { title: "Time (UTC)", show: ({ time }) => time.slice(11, 23) },
  { title: "Service", show: ({ service }) => service },
  { title: "Operation", show: ({ operation }) => operation },
  {
    title: "Status",
    show: ({ status }) => (status === 0 ? "no answer" : status),
    look: lookOf,
  },
  { title: "ms", show: ({ milliseconds }) => milliseconds },
  { title: "Call", show: ({ method, path }) => `${method} ${toShortPath(path)}`, look: long },
  { title: "Scripted fault", show: ({ fault }) => fault ?? "" },
];

/** What somebody else puts on the page, as HTML: the demo's forms. */
export interface Panel {
  /** Stays as it is while the page renews itself. */
  readonly forms: string;
  /** Renewed with the rest, above it. */
  readonly live: string;
}

/** The whole page. */
export function renderPage(state: StateView, report: CallReport, panel: Panel = { forms: "", live: "" }): string {
  const alarms = report.alarms.map((alarm) => `<div class="alarm" role="alert">ALARM: ${toText(alarm)}</div>`).join("");
  const calls = report.calls.slice(-SHOWN_CALLS).reverse();
  const assignments = state.roleAssignments.filter((row) => row["effectiveUntil"] === undefined);
  const live = [
    panel.live,
    `${alarms}${figures(state, report, assignments)}`,
    section("Storage accounts", "accounts", table(state.accounts, ACCOUNTS)),
    section("Containers", "containers", table(state.containers, CONTAINERS)),
    section("Role assignments", "grants", table(assignments, assignmentColumns(state))),
    ...(state.policies.length > 0 ? [section("Deny policies", "policies", table(state.policies, POLICIES))] : []),
    section(
      calls.length === 0 ? "Last calls" : `Last ${calls.length} of ${report.total} calls`,
      "calls",
      table(calls, CALLS),
    ),
  ];
  const head =
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>keyless-csi emulator</title><style>${PAGE_STYLE}</style>`;
  const content = `<main id="${LIVE_ID}">${live.join("\n")}</main>`;
  const body = `${header()}${panel.forms}${content}<script>${LIVE_SCRIPT}</script>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>\n`;
}

function header(): string {
  const confirmed = `Azure has confirmed ${CONTRACT.confirmed} of the ${CONTRACT.sentences} sentences of its contract so far`;
  return (
    "<header><h1>keyless-csi emulator</h1>" +
    `<p>This is not Azure; ${confirmed}. <span id="note">Reload the page to see what has changed.</span></p></header>`
  );
}

function figures({ accounts, containers }: StateView, { total }: CallReport, assignments: readonly Row[]): string {
  const held = containers.filter((row) => row["deletedUntil"] === undefined).length;
  const shown = { accounts: accounts.length, containers: held, "role assignments": assignments.length, calls: total };
  const items = Object.entries(shown).map(([name, count]) => `<li><b>${count}</b>${name}</li>`);
  return `<ul class="figures">${items.join("")}</ul>`;
}

/** Role assignments have the ids of principals and roles; the page shows their names. */
function assignmentColumns(state: StateView): readonly Column<Row>[] {
  const nameOf = (rows: readonly Row[], key: string, name: string) => new Map(rows.map((row) => [row[key], row[name]]));
  const principals = nameOf(state.principals, "id", "displayName");
  const roles = nameOf(state.roleDefinitions, "name", "roleName");
  return [
    { title: "Who", show: (row) => principals.get(row["principalId"]) ?? row["principalId"] },
    { title: "Role", show: (row) => roles.get(row["roleDefinitionName"]) ?? row["roleDefinitionName"] },
    { title: "At", show: (row) => toPlace(String(row["scope"])), look: long },
    { title: "Condition", show: (row) => (row["condition"] === undefined ? "" : "yes") },
  ];
}

/** A built-in policy says when it denies, and one of the admin endpoint what must hold. */
function toRequirement({ built, requires, definitionName }: Row): unknown {
  return built === undefined ? JSON.stringify(requires) : definitionName;
}

/** `…/storageAccounts/a/blobServices/default/containers/c` as `a / c`; other ids without their providers. */
function toPlace(scope: string): string {
  const [, within] = scope.split(/\/storageAccounts\//i);
  if (within !== undefined) return within.replace(/\/blobServices\/default\/containers\//i, " / ");
  return scope.replace(/^\/subscriptions\//i, "subscription ").replace(/\/resourceGroups\//i, " / ");
}

/** What every ARM id begins with says little beside the operation's name. */
function toShortPath(path: string): string {
  return path.replace(/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+\//i, "…/");
}

/** One part of the page, with a heading; `content` is HTML. */
export function section(title: string, id: string, content: string): string {
  const inside = content === "" ? "<p>None.</p>" : `<div class="wide">${content}</div>`;
  return `<section id="${id}"><h2>${toText(title)}</h2>${inside}</section>`;
}

function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  if (rows.length === 0) return "";
  const cell = (row: T) => (column: Column<T>) => {
    const look = column.look?.(row) ?? "";
    return `<td${look === "" ? "" : ` class="${look}"`}>${toText(column.show(row))}</td>`;
  };
  const head = columns.map(({ title }) => `<th scope="col">${toText(title)}</th>`).join("");
  const lines = rows.map((row) => `<tr>${columns.map(cell(row)).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
}

function toPairs(values: Row): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

/** What is shown comes from callers of the emulator: none of it may become markup. */
export function toText(value: unknown): string {
  return String(value ?? "").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
