/** A review of access as CSV (RFC 4180): a line for each volume and each role assignment that opens it, for a spreadsheet. */
import type { Access } from "../../volume/access-review/access.ts";
import type { Account } from "../../volume/ports.ts";
import { DIFFERENCES, type Report, type Row, toRows, wordOf } from "./rows.ts";

/** Names are an API: a further one comes at the end. */
const COLUMNS = [
  "state",
  "claims",
  "persistent_volumes",
  "subscription",
  "resource_group",
  "storage_account",
  "container",
  "identity",
  "client_id",
  "principal_id",
  "principal_type",
  "service_accounts",
  "other_trusts",
  "role",
  "role_id",
  "rights",
  "assigned_at",
  "scope",
  "made_by",
  "created_by",
  "created_on",
  "condition",
  "role_assignment",
] as const;

type Line = Partial<Record<(typeof COLUMNS)[number], string>>;

/** Piece by piece: with thousands of volumes, and administrators above them, the whole is larger than a pod's memory. */
export function* toCsv(report: Report, onlyDifferences: boolean): Generator<string> {
  yield `${COLUMNS.join(",")}\r\n`;
  for (const row of toRows(report)) {
    if (!onlyDifferences || DIFFERENCES.includes(row.state)) yield toText(toLine(row, report.noun));
  }
  for (const account of report.review.openAccounts) yield toText(toOpenLine(account));
}

function toText(line: Line): string {
  return `${COLUMNS.map((column) => quote(line[column] ?? "")).join(",")}\r\n`;
}

function toLine({ volume, access, trusts, ...row }: Row, noun: string): Line {
  return {
    state: row.state,
    claims: row.claims.join(" "),
    persistent_volumes: row.persistentVolumes.join(" "),
    ...placeOf(volume.account),
    container: volume.name ?? "",
    identity: row.identity,
    client_id: row.clientId,
    principal_id: row.principalId,
    ...(trusts && {
      service_accounts: trusts.serviceAccounts.join(" "),
      other_trusts: trusts.others.map(({ issuer, subject }) => `${issuer} ${subject}`).join("; "),
    }),
    ...(access && grantOf(access, noun)),
  };
}

function grantOf({ assignment, role, level, isOurs }: Access, noun: string): Line {
  const { principalType = "", createdBy = "", condition = "", createdAtMs } = assignment;
  return {
    principal_type: principalType,
    role: role?.name ?? "",
    role_id: assignment.roleId,
    rights: role?.rights.join("; ") ?? "",
    assigned_at: wordOf(level, noun),
    scope: assignment.scope,
    made_by: isOurs ? "keyless-csi" : "others",
    created_by: createdBy,
    created_on: createdAtMs === undefined ? "" : new Date(createdAtMs).toISOString(),
    condition,
    role_assignment: assignment.name,
  };
}

/** Nobody is named there: anybody who has a key, or nobody at all, is let in. */
function toOpenLine({ ref, nonEntraAccess }: Account): Line {
  return { state: "open", ...placeOf(ref), rights: nonEntraAccess.join("; ") };
}

function placeOf({ subscriptionId, resourceGroup, name }: Account["ref"]): Line {
  return { subscription: subscriptionId, resource_group: resourceGroup, storage_account: name };
}

/** A spreadsheet takes a text that begins with one of these for a formula: names of roles are others' texts. */
const FORMULA = /^[=+\-@\t\r]/;

function quote(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
