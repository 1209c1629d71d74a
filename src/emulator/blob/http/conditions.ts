/**
 * Conditional headers: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since ("Specifying conditional
 * headers").
 */
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { parseTime } from "../../storage/times.ts";
import { parseTagQuery } from "../tags/query.ts";
import { versionHeaders } from "./headers.ts";
import type { BlobRequest } from "./request.ts";

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
  /** ETags without quotes, or "*". */
  readonly match: readonly string[] | undefined;
  readonly noneMatch: readonly string[] | undefined;
  readonly modifiedSince: number | undefined;
  readonly unmodifiedSince: number | undefined;
}

/**
 * Throws 412 ConditionNotMet (or 304 for a read) unless the request's conditions hold; 400 for conditions that cannot
 * be met or do not go together.
 */
export function checkConditions(request: BlobRequest, version: Version | undefined, access: Access): void {
  const conditions = readConditions(request, "");
  if (access === "read") checkRead(conditions, version);
  else checkWrite(conditions, version);
  if (version !== undefined) checkTags(request, version);
}

/** 412 ConditionNotMet unless `x-ms-if-tags` holds: the only condition of some operations. */
export function checkTags(request: BlobRequest, version: Version): void {
  if (!meetsTags(request, version, "x-ms-if-tags")) throw new StorageError("ConditionNotMet");
}

/**
 * Conditions of the calls about a blob's tags: 412 unless `x-ms-if-tags` and the blob's own conditions hold, which these calls
 * have under the names `x-ms-blob-if-*` (Blob specification, BlobModifiedAccessConditions).
 */
export function checkTagConditions(request: BlobRequest, version: Version): void {
  const conditions = readConditions(request, "x-ms-blob-");
  if (isUnwanted(conditions, version) || isMissed(conditions, version)) throw new StorageError("ConditionNotMet");
  checkTags(request, version);
}

/**
 * "Read operations in version 2013-08-15 or later": If-Match && If-Unmodified-Since && (If-None-Match ||
 * If-Modified-Since). A read with If-None-Match "*" can never succeed.
 */
function checkRead(conditions: Conditions, version: Version | undefined): void {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = conditions;
  if (noneMatch?.includes("*")) throw new StorageError("UnsatisfiableCondition");
  if (version === undefined) return;
  const isWanted = match === undefined || names(match, version);
  if (!isWanted || isModifiedAfter(version, unmodifiedSince)) throw new StorageError("ConditionNotMet");
  if (noneMatch === undefined && modifiedSince === undefined) return;
  const isOther = noneMatch !== undefined && !names(noneMatch, version);
  if (!isOther && !isModifiedAfter(version, modifiedSince)) throw notModified(version);
}

/** "Write operations (all versions)": one condition, or an ETag together with its matching time; a single ETag each. */
function checkWrite(conditions: Conditions, version: Version | undefined): void {
  const { match, noneMatch, modifiedSince, unmodifiedSince } = conditions;
  const asksForOne = match !== undefined || unmodifiedSince !== undefined;
  const asksForOther = noneMatch !== undefined || modifiedSince !== undefined;
  const hasList = [match, noneMatch].some((etags) => etags !== undefined && etags.length > 1);
  if (hasList || (asksForOne && asksForOther)) throw new StorageError("MultipleConditionHeadersNotSupported");
  if (version === undefined) {
    // Nothing exists: only a condition that requires something to exist fails.
    if (match !== undefined) throw new StorageError("ConditionNotMet");
    return;
  }
  if (noneMatch?.includes("*")) throw new StorageError("BlobAlreadyExists");
  if (isUnwanted(conditions, version) || isMissed(conditions, version)) throw new StorageError("ConditionNotMet");
}

function meetsTags(request: BlobRequest, { tags = {} }: Version, name: string): boolean {
  const value = header(request, name);
  if (value === undefined) return true;
  return parseTagQuery(value, () => invalidHeader(name, value))({ container: request.container, tags });
}

/** The same for the source of a copy (`x-ms-source-if-*`): 412 SourceConditionNotMet. */
export function checkSourceConditions(request: BlobRequest, version: Version): void {
  const conditions = readConditions(request, "x-ms-source-");
  const isTagged = meetsTags(request, version, "x-ms-source-if-tags");
  if (isTagged && !isUnwanted(conditions, version) && !isMissed(conditions, version)) return;
  throw new StorageError("SourceConditionNotMet");
}

/** Containers have no ETag conditions. */
export function checkContainerConditions(request: BlobRequest, version: Version): void {
  if (header(request, "if-match") !== undefined || header(request, "if-none-match") !== undefined) {
    throw new StorageError("ConditionHeadersNotSupported");
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
    match: plainEtags(header(request, `${prefix}if-match`)),
    noneMatch: plainEtags(header(request, `${prefix}if-none-match`)),
    modifiedSince: time("if-modified-since"),
    unmodifiedSince: time("if-unmodified-since"),
  };
}

/** If-None-Match decides alone when it is there, else If-Modified-Since does. */
function isUnwanted({ noneMatch, modifiedSince }: Conditions, version: Version): boolean {
  if (noneMatch !== undefined) return names(noneMatch, version);
  return modifiedSince !== undefined && !isModifiedAfter(version, modifiedSince);
}

/** If-Match decides alone when it is there, else If-Unmodified-Since does. */
function isMissed({ match, unmodifiedSince }: Conditions, version: Version): boolean {
  return match === undefined ? isModifiedAfter(version, unmodifiedSince) : !names(match, version);
}

function names(etags: readonly string[], version: Version): boolean {
  return etags.some((etag) => etag === "*" || etag === plainEtag(version.etag));
}

/** False when no time is given. HTTP dates have whole seconds. */
function isModifiedAfter(version: Version, time: number | undefined): boolean {
  return time !== undefined && toSeconds(version.lastModified) > toSeconds(time);
}

function notModified(version: Version): StorageError {
  return new StorageError("ConditionNotMet", { status: 304, headers: versionHeaders(version) });
}

function plainEtags(value: string | undefined): string[] | undefined {
  return value?.split(",").map((etag) => plainEtag(etag.trim()));
}

function plainEtag(value: string): string {
  return value.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
