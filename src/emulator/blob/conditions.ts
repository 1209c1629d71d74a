/** Conditional headers: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since ("Specifying conditional headers"). */
import { BlobError, type BlobErrorExtra, invalidHeader } from "./errors.ts";
import { type BlobRequest, header } from "./request.ts";
import { parseTagQuery } from "./tag-query.ts";
import { parseTime } from "./times.ts";

/** What a condition is compared with; undefined when there is no such resource. */
export interface Version {
  readonly etag: string;
  readonly lastModified: number;
  /** Of a blob: what `x-ms-if-tags` asks for. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Reads may answer 304 Not Modified, writes never. */
export type Access = "read" | "write";

interface Conditions {
  readonly match: string | undefined;
  readonly noneMatch: string | undefined;
  readonly modifiedSince: number | undefined;
  readonly unmodifiedSince: number | undefined;
}

/** Throws 412 ConditionNotMet (or 304 for a read) unless the request's conditions hold. */
export function checkConditions(request: BlobRequest, version: Version | undefined, access: Access): void {
  const conditions = readConditions(request, "");
  if (version === undefined) {
    // Nothing there: only a condition that wants something to exist fails.
    if (conditions.match !== undefined) throw new BlobError("ConditionNotMet");
    return;
  }
  if (conditions.noneMatch === "*" && access === "write") throw new BlobError("BlobAlreadyExists");
  if (isUnwanted(conditions, version))
    throw access === "read" ? notModified(version) : new BlobError("ConditionNotMet");
  if (isMissed(conditions, version) || !meetsTags(request, version)) throw new BlobError("ConditionNotMet");
}

function meetsTags(request: BlobRequest, { tags = {} }: Version): boolean {
  const value = header(request, "x-ms-if-tags");
  if (value === undefined) return true;
  return parseTagQuery(value, () => invalidHeader("x-ms-if-tags", value))({ container: request.container, tags });
}

/** The same for the source of a copy (`x-ms-source-if-*`): 412 SourceConditionNotMet. */
export function checkSourceConditions(request: BlobRequest, version: Version): void {
  const conditions = readConditions(request, "x-ms-source-");
  if (isUnwanted(conditions, version) || isMissed(conditions, version)) throw new BlobError("SourceConditionNotMet");
}

/** Containers know no ETag conditions. */
export function checkContainerConditions(request: BlobRequest, version: Version): void {
  if (header(request, "if-match") !== undefined || header(request, "if-none-match") !== undefined) {
    throw new BlobError("ConditionHeadersNotSupported");
  }
  checkConditions(request, version, "write");
}

function readConditions(request: BlobRequest, prefix: string): Conditions {
  const time = (name: string): number | undefined => {
    const value = header(request, prefix + name);
    const parsed = value === undefined ? undefined : parseTime(value);
    if (value !== undefined && parsed === undefined) throw invalidHeader(prefix + name, value);
    return parsed;
  };
  return {
    match: plainEtag(header(request, `${prefix}if-match`)),
    noneMatch: plainEtag(header(request, `${prefix}if-none-match`)),
    modifiedSince: time("if-modified-since"),
    unmodifiedSince: time("if-unmodified-since"),
  };
}

/** If-None-Match decides alone when it is there, else If-Modified-Since does. */
function isUnwanted({ noneMatch, modifiedSince }: Conditions, version: Version): boolean {
  if (noneMatch !== undefined) return noneMatch === "*" || noneMatch === plainEtag(version.etag);
  return modifiedSince !== undefined && toSeconds(version.lastModified) <= toSeconds(modifiedSince);
}

/** If-Match decides alone when it is there, else If-Unmodified-Since does. */
function isMissed({ match, unmodifiedSince }: Conditions, version: Version): boolean {
  if (match !== undefined) return match !== "*" && match !== plainEtag(version.etag);
  return unmodifiedSince !== undefined && toSeconds(version.lastModified) > toSeconds(unmodifiedSince);
}

function notModified(version: Version): BlobError {
  const headers = { etag: version.etag, "last-modified": new Date(version.lastModified).toUTCString() };
  const extra: BlobErrorExtra = { status: 304, headers };
  return new BlobError("ConditionNotMet", extra);
}

function plainEtag(value: string | undefined): string | undefined {
  return value?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

/** HTTP dates have whole seconds. */
function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
