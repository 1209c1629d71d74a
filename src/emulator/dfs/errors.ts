/**
 * How a Data Lake call is refused: with codes of its own, or with Blob's under their names here ("Path -
 * Create" and similar, other status codes); answered as JSON.
 */

import type { Call, Reply } from "../http/call.ts";
import { StorageError, type StorageErrorExtra } from "../storage/errors.ts";
import { blobTime } from "../storage/times.ts";

/** What only the Data Lake service answers. */
const ERRORS = {
  ContentLengthMustBeZero: [400, "The Content-Length request header must be zero."],
  DirectoryNotEmpty: [409, "The recursive query parameter value must be true to delete a non-empty directory."],
  InvalidAppendOperation: [
    409,
    "The resource was created or modified by the Azure Blob Service API and cannot be appended to by the Azure Data Lake Storage Service API.",
  ],
  InvalidFlushOperation: [
    409,
    "The resource was created or modified by the Blob Service API and cannot be written to by the Data Lake Storage Service API.",
  ],
  InvalidFlushPosition: [
    400,
    "The uploaded data is not contiguous or the position query parameter value is not equal to the length of the file after appending the uploaded data.",
  ],
  InvalidPropertyName: [400, "The property name contains invalid characters."],
  InvalidRenameSourcePath: [
    409,
    "The source directory cannot be the same as the destination directory, nor can the destination be a subdirectory of the source directory.",
  ],
  InvalidSourceOrDestinationResourceType: [409, "The source and destination resource type must be identical."],
  InvalidSourceUri: [400, "The source URI is invalid."],
  PathConflict: [
    409,
    "The specified path, or an element of the path, exists and its resource type is invalid for this operation.",
  ],
  PathNotFound: [404, "The specified path does not exist."],
  RenameDestinationParentPathNotFound: [404, "The parent directory of the destination path does not exist."],
  ResourceTypeMismatch: [409, "The resource type specified in the request does not match the type of the resource."],
  SourcePathNotFound: [404, "The source path for a rename operation does not exist."],
  UnsupportedQueryParameter: [400, "One of the query parameters specified in the request URI is not supported."],
} as const satisfies Record<string, readonly [number, string]>;

type DfsErrorCode = keyof typeof ERRORS;

/** A refusal that Blob has no code for. */
export class DfsError extends Error {
  readonly code: DfsErrorCode;
  readonly status: number;

  constructor(code: DfsErrorCode) {
    super(ERRORS[code][1]);
    this.code = code;
    this.status = ERRORS[code][0];
  }
}

/** 400 UnsupportedHeader that names the header. */
export function unsupportedHeader(name: string): StorageError {
  return new StorageError("UnsupportedHeader", named("HeaderName", name));
}

function named(kind: string, name: string): StorageErrorExtra {
  return { details: { [kind]: name } };
}

/** Blob's codes whose names here do not follow the rule. */
const RENAMED: Readonly<Record<string, string>> = {
  EmptyMetadataKey: "InvalidPropertyName",
  InvalidMetadata: "InvalidPropertyName",
  LeaseIdMismatchWithBlobOperation: "LeaseIdMismatch",
  LeaseIdMismatchWithContainerOperation: "LeaseIdMismatch",
  LeaseNotPresentWithBlobOperation: "LeaseNotPresent",
  LeaseNotPresentWithContainerOperation: "LeaseNotPresent",
  ResourceTypeMismatch: "PathConflict",
};

/** The answer to a refused call; a HEAD has no body, and the code in `x-ms-error-code`. */
export function dfsErrorReply(error: StorageError | DfsError, call: Call, now: number): Reply {
  const code = error instanceof DfsError ? error.code : codeHere(error.code);
  const headers = { ...(error instanceof StorageError ? error.headers : {}), "x-ms-error-code": code };
  if (call.method === "HEAD" || error.status === 304) return { status: error.status, headers };
  const text = error instanceof DfsError ? error.message : messageHere(code, error.message);
  const message = `${text}\nRequestId:${call.id}\nTime:${blobTime(now)}`;
  return {
    status: error.status,
    headers: { ...headers, "content-type": "application/json;charset=utf-8" },
    body: JSON.stringify({ error: { code, message } }),
  };
}

/** A blob is a path here, and a container a filesystem. */
function codeHere(code: string): string {
  return RENAMED[code] ?? code.replace("Blob", "Path").replace("Container", "Filesystem");
}

function messageHere(code: string, message: string): string {
  if (Object.hasOwn(ERRORS, code)) return ERRORS[code as DfsErrorCode][1];
  return message.replace(/\bblob\b/g, "path").replace(/\bcontainer\b/g, "filesystem");
}
