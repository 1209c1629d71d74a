/**
 * Query parameters and headers that change what a call is about. An operation states which of them it takes; every other one
 * is refused, because ignoring it would do something else than what was asked: a DELETE of a version would delete the blob.
 */
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header, type WithHeaders } from "../../storage/headers.ts";
import type { BlobRequest } from "./request.ts";

/** "snapshot", "versionid" and "deletetype" of the query; "if": the four conditional headers; "if-tags": `x-ms-if-tags`. */
export type Selector = "snapshot" | "versionid" | "deletetype" | "if" | "if-tags";

const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/** What changes how a blob is stored or protected, and is not emulated. */
const UNSUPPORTED = [
  "x-ms-encryption-key",
  "x-ms-encryption-key-sha256",
  "x-ms-encryption-algorithm",
  "x-ms-encryption-scope",
  "x-ms-encryption-context",
  "x-ms-source-encryption-key",
  "x-ms-source-encryption-key-sha256",
  "x-ms-source-encryption-algorithm",
  "x-ms-immutability-policy-until-date",
  "x-ms-immutability-policy-mode",
  "x-ms-legal-hold",
  "x-ms-expiry-option",
  "x-ms-expiry-time",
  "x-ms-source-lease-id",
];

/** What a container has here; any other value of these headers is refused. */
const CONTAINER_DEFAULTS: Readonly<Record<string, string>> = {
  "x-ms-default-encryption-scope": "$account-encryption-key",
  "x-ms-deny-encryption-scope-override": "false",
};

/**
 * 400 for what the operation does not take: InvalidOperation for a snapshot ("Invalid operation against a blob snapshot"),
 * the same for a version, ConditionHeadersNotSupported for conditions.
 */
export function refuseSelectors(request: BlobRequest, accepted: readonly Selector[]): void {
  const { query } = request.call;
  const takes = (selector: Selector): boolean => accepted.includes(selector);
  if (query.has("snapshot") && !takes("snapshot")) throw new StorageError("InvalidOperation");
  if (query.has("versionid") && !takes("versionid")) {
    throw new StorageError("InvalidOperation", { message: "Invalid operation against a blob version." });
  }
  if (query.has("deletetype") && !takes("deletetype")) {
    throw new StorageError("UnsupportedQueryParameter", { details: { QueryParameterName: "deletetype" } });
  }
  const hasConditions = CONDITIONS.some((name) => header(request, name) !== undefined);
  const hasTags = header(request, "x-ms-if-tags") !== undefined;
  const isUnmeant = (hasConditions && !takes("if")) || (hasTags && !takes("if-tags"));
  if (isUnmeant) throw new StorageError("ConditionHeadersNotSupported");
}

/** 400 UnsupportedHeader for customer-provided keys, encryption scopes, retention and expiry of single blobs. */
export function refuseUnsupported(request: WithHeaders): void {
  const { headers } = request.call;
  const found = UNSUPPORTED.find((name) => headers[name] !== undefined);
  if (found !== undefined) throw new StorageError("UnsupportedHeader", { details: { HeaderName: found } });
  for (const [name, standard] of Object.entries(CONTAINER_DEFAULTS)) {
    const value = header(request, name);
    if (value !== undefined && value.toLowerCase() !== standard) throw invalidHeader(name, value);
  }
}
