/** Reads query and headers of Data Lake calls. A call is a Blob request whose container is a filesystem. */

import { readMarker } from "../blob/http/paging.ts";
import { type Address, type BlobRequest, containerName } from "../blob/http/request.ts";
import { nameIn } from "../blob/namespace/names.ts";
import { setOwn } from "../json.ts";
import { invalidHeader, invalidQuery, missingHeader, StorageError } from "../storage/errors.ts";
import { header } from "../storage/headers.ts";
import type { ContentHeaders } from "../storage/store/blob-record.ts";
import type { StorageAccount } from "../world.ts";
import { DfsError, unsupportedHeader } from "./errors.ts";

/** `container` is the filesystem, `blob` the path; both may be empty. */
export type DfsRequest = BlobRequest;

/** `/<filesystem>/<path>`; one segment is always a filesystem, and `/<filesystem>/` with an action is its root. */
export function parseDfsAddress(account: StorageAccount, path: string): Address {
  const decoded = decode(path).replace(/^\/+/, "");
  if (decoded === "") return { level: "service", container: "", blob: "" };
  const [first = ""] = decoded.split("/");
  const rest = decoded.slice(first.length).replace(/^\/+/, "");
  const container = containerName(first);
  if (rest === "") return { level: "container", container, blob: "" };
  if (rest.length > 1024) throw new StorageError("InvalidUri");
  return { level: "blob", container, blob: nameIn(account, rest) };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new StorageError("InvalidUri");
  }
}

/** A parameter that is `true` or `false`; 400 for anything else. */
export function booleanQuery({ call }: DfsRequest, name: string): boolean | undefined {
  const value = call.query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^(?:true|false)$/i.test(value)) throw invalidQuery(name, value);
  return value.toLowerCase() === "true";
}

/** A parameter that is a position in a file; 400 when it is missing or not a number. */
export function positionQuery({ call }: DfsRequest): number {
  const value = call.query.get("position");
  if (value === null) {
    throw new StorageError("MissingRequiredQueryParameter", { details: { QueryParameterName: "position" } });
  }
  if (!/^\d{1,15}$/.test(value)) throw invalidQuery("position", value);
  return Number(value);
}

/** `maxResults`: 5,000 when it is absent or more; 400 below 1. */
export function pageSizeQuery({ call }: DfsRequest, name: string, most: number): number {
  const value = call.query.get(name);
  if (value === null || value === "") return most;
  if (!/^-?\d{1,10}$/.test(value)) throw invalidQuery(name, value);
  if (Number(value) >= 1) return Math.min(Number(value), most);
  throw new StorageError("OutOfRangeQueryParameterValue", {
    details: { QueryParameterName: name, QueryParameterValue: value },
  });
}

/** 400 for a parameter or header that has an effect in Azure and is not emulated: it must not be ignored silently. */
export function refuse(request: DfsRequest, names: { query?: readonly string[]; headers?: readonly string[] }): void {
  if (names.query?.some((name) => request.call.query.has(name))) throw new DfsError("UnsupportedQueryParameter");
  const found = names.headers?.find((name) => request.call.headers[name] !== undefined);
  if (found !== undefined) throw unsupportedHeader(found);
}

/** Most calls have no body: 400 ContentLengthMustBeZero. */
export function requireNoBody({ call }: DfsRequest): void {
  const length = call.headers["content-length"] ?? "0";
  if (length !== "0" || call.headers["transfer-encoding"] !== undefined) throw new DfsError("ContentLengthMustBeZero");
}

const PROPERTY = /^([^=]+)=([A-Za-z0-9+/]*={0,2})$/;
const PROPERTY_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `x-ms-properties`: `name=value` pairs, values in base64; undefined when it is absent. */
export function readProperties(request: DfsRequest): Record<string, string> | undefined {
  const sent = request.call.headers["x-ms-properties"];
  if (sent === undefined) return undefined;
  const properties: Record<string, string> = {};
  for (const pair of String(sent).split(",")) {
    if (pair.trim() === "") continue;
    const match = PROPERTY.exec(pair.trim());
    if (match === null) throw invalidHeader("x-ms-properties", String(sent));
    const [, name = "", value = ""] = match;
    if (!PROPERTY_NAME.test(name.trim())) throw new DfsError("InvalidPropertyName");
    setOwn(properties, name.trim(), Buffer.from(value, "base64").toString("latin1"));
  }
  return properties;
}

/** The same as an answer header; absent when there are none. */
export function propertiesAnswer(properties: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries(properties).map(
    ([name, value]) => `${name}=${Buffer.from(value, "latin1").toString("base64")}`,
  );
  return pairs.length === 0 ? {} : { "x-ms-properties": pairs.join(",") };
}

const CONTENT_HEADERS = {
  "x-ms-content-type": "type",
  "x-ms-content-encoding": "encoding",
  "x-ms-content-language": "language",
  "x-ms-content-disposition": "disposition",
  "x-ms-cache-control": "cacheControl",
  "x-ms-content-md5": "md5",
} as const satisfies Record<string, keyof ContentHeaders>;

/** The content headers that the request sets. */
export function sentContentHeaders(request: DfsRequest): Partial<ContentHeaders> {
  const sent = Object.entries(CONTENT_HEADERS).flatMap(([name, member]) => {
    const value = header(request, name);
    return value === undefined ? [] : [[member, value]];
  });
  return Object.fromEntries(sent) as Partial<ContentHeaders>;
}

/** Where a page begins: the key in `continuation`, or the first one. */
export function readContinuation({ call }: DfsRequest): string {
  return readMarker(new URLSearchParams({ marker: call.query.get("continuation") ?? "" })) ?? "";
}

/** A header that must be there. */
export function requiredHeader(request: DfsRequest, name: string): string {
  const value = header(request, name);
  if (value === undefined) throw missingHeader(name);
  return value;
}
