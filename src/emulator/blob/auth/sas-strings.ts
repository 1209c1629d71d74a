/** The strings that shared access signatures sign; the signed version decides which fields they contain. */
import type { IncomingHttpHeaders } from "node:http";

const ANSWER_HEADERS = ["rscc", "rscd", "rsce", "rscl", "rsct"];

/** "Create an account SAS": ends with a line break. */
export function accountStringToSign(account: string, query: URLSearchParams): string {
  const scoped = versionOf(query) >= "2020-12-06" ? ["ses"] : [];
  const values = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv", ...scoped].map((name) => query.get(name) ?? "");
  return `${[account, ...values].join("\n")}\n`;
}

/** "Create a service SAS"; `resource` is the canonical one, `/blob/<account>/<container>[/<blob>]`. */
export function serviceStringToSign(resource: string, query: URLSearchParams): string {
  const version = versionOf(query);
  const value = (name: string): string => query.get(name) ?? "";
  const head = [value("sp"), value("st"), value("se"), resource, value("si"), value("sip"), value("spr"), value("sv")];
  const resourceFields = version >= "2018-11-09" ? [value("sr"), snapshotOf(query)] : [];
  const scope = version >= "2020-12-06" ? [value("ses")] : [];
  return [...head, ...resourceFields, ...scope, ...ANSWER_HEADERS.map(value)].join("\n");
}

/** "Create a user delegation SAS"; request headers and parameters that it binds count with their present values. */
export function delegationStringToSign(resource: string, query: URLSearchParams, headers: IncomingHttpHeaders): string {
  const version = versionOf(query);
  const value = (name: string): string => query.get(name) ?? "";
  const key = ["skoid", "sktid", "skt", "ske", "sks", "skv"].map(value);
  const agents = version >= "2020-02-10" ? ["saoid", "suoid", "scid"].map(value) : [];
  const delegated = version >= "2025-07-05" ? ["skdutid", "sduoid"].map(value) : [];
  const scope = version >= "2020-12-06" ? [value("ses")] : [];
  const bound =
    version >= "2026-04-06" ? [boundHeaders(value("srh"), headers), boundParameters(value("srq"), query)] : [];
  return [
    ...[value("sp"), value("st"), value("se"), resource],
    ...key,
    ...agents,
    ...delegated,
    ...[value("sip"), value("spr"), value("sv"), value("sr"), snapshotOf(query)],
    ...scope,
    ...bound,
    ...ANSWER_HEADERS.map(value),
  ].join("\n");
}

function versionOf(query: URLSearchParams): string {
  return query.get("sv") ?? "";
}

/** Only in the signature of a snapshot or version SAS. */
function snapshotOf(query: URLSearchParams): string {
  const resource = query.get("sr");
  if (resource === "bs") return query.get("snapshot") ?? "";
  return resource === "bv" ? (query.get("versionid") ?? "") : "";
}

function boundHeaders(names: string, headers: IncomingHttpHeaders): string {
  if (names === "") return "";
  return `${names
    .split(",")
    .map((name) => `${name}:${String(headers[name.toLowerCase()] ?? "")}`)
    .join("\n")}\n`;
}

function boundParameters(names: string, query: URLSearchParams): string {
  if (names === "") return "";
  return `\n${names
    .split(",")
    .map((name) => `${name}:${query.get(name) ?? ""}`)
    .join("\n")}`;
}
