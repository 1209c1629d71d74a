/**
 * The SharedKey and SharedKeyLite schemes: checks a signature over the head of a request ("Authorize with Shared Key").
 */
import { timingSafeEqual } from "node:crypto";
import type { Call } from "../../http/call.ts";
import { accountKey, sign } from "../../storage/accounts.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Unauthenticated } from "../http/request.ts";

/** How long a signed request is valid ("Specifying the Date header"). */
const MAX_AGE_MS = 15 * 60 * 1000;

/** Throws 403 AuthenticationFailed unless the signature was made with one of the account's keys. */
export function checkSharedKey(request: Unauthenticated, authorization: string): void {
  const { account, call } = request;
  const match = /^(SharedKey(?:Lite)?)\s+([^:\s]+):(\S+)\s*$/i.exec(authorization);
  const [, scheme = "", name = "", signature = ""] = match ?? [];
  if (match === null || name !== account.name) throw new StorageError("AuthenticationFailed");
  const date = Date.parse(headerOf(call, "x-ms-date") || headerOf(call, "date"));
  if (!(Math.abs(request.now - date) <= MAX_AGE_MS)) {
    const detail = "Request date header too old or not given.";
    throw new StorageError("AuthenticationFailed", { details: { AuthenticationErrorDetail: detail } });
  }
  const isLite = scheme.toLowerCase() === "sharedkeylite";
  const text = isLite ? liteStringToSign(call, account.name) : stringToSign(call, account.name, request.version);
  const good = (["key1", "key2"] as const).some((key) => equal(sign(accountKey(account, key), text), signature));
  if (good) return;
  const detail = `The MAC signature found in the HTTP request '${signature}' is not the same as any computed signature. Server used following string to sign: '${text}'.`;
  throw new StorageError("AuthenticationFailed", { details: { AuthenticationErrorDetail: detail } });
}

/** Compares two signatures in constant time. */
export function equal(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function stringToSign(call: Call, account: string, version: string): string {
  const length = headerOf(call, "content-length");
  const lines = [
    call.method,
    headerOf(call, "content-encoding"),
    headerOf(call, "content-language"),
    version >= "2015-02-21" && length === "0" ? "" : length,
    headerOf(call, "content-md5"),
    headerOf(call, "content-type"),
    call.headers["x-ms-date"] === undefined ? headerOf(call, "date") : "",
    headerOf(call, "if-modified-since"),
    headerOf(call, "if-match"),
    headerOf(call, "if-none-match"),
    headerOf(call, "if-unmodified-since"),
    headerOf(call, "range"),
  ];
  return `${lines.join("\n")}\n${canonicalHeaders(call)}${canonicalResource(call, account)}`;
}

function liteStringToSign(call: Call, account: string): string {
  const date = call.headers["x-ms-date"] === undefined ? headerOf(call, "date") : "";
  const comp = call.query.get("comp");
  const resource = `/${account}${call.path}${comp === null ? "" : `?comp=${comp}`}`;
  const head = [call.method, headerOf(call, "content-md5"), headerOf(call, "content-type"), date].join("\n");
  return `${head}\n${canonicalHeaders(call)}${resource}`;
}

function canonicalHeaders(call: Call): string {
  return Object.keys(call.headers)
    .filter((name) => name.startsWith("x-ms-"))
    .sort()
    .map((name) => `${name}:${headerOf(call, name).replace(/\s+/g, " ").trim()}\n`)
    .join("");
}

/** Account and path as they came (on a loopback host the account is in the path too), then the query, sorted. */
function canonicalResource(call: Call, account: string): string {
  const values = new Map<string, string[]>();
  for (const [name, value] of call.query) {
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  const query = [...values.keys()].sort().map((name) => `\n${name}:${(values.get(name) ?? []).sort().join(",")}`);
  return `/${account}${call.path}${query.join("")}`;
}

function headerOf(call: Call, name: string): string {
  const value = call.headers[name];
  return (Array.isArray(value) ? value.join(",") : value) ?? "";
}
