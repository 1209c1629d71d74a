/**
 * Names, metadata and properties that a container may have (REST: "Naming and Referencing Containers, Blobs, and
 * Metadata").
 */

import { isObject, type JsonObject, setOwn } from "../../../json.ts";
import type { BlobContainer, StorageAccount } from "../../../world.ts";
import { ArmError, badRequest, conflict } from "../../front-door/errors.ts";
import { objectAt, stringAt } from "../../front-door/json.ts";

/** Storage counts names and values of all metadata together. */
const METADATA_BYTES = 8 * 1024;

/** Properties that the record has fields for. */
const OWN = ["publicAccess", "metadata"];

/** Throws 400 for a name that Storage does not permit. */
export function requireContainerName(name: string): void {
  if (name === "$root" || name === "$web" || name === "$logs") return;
  if (name.length < 3 || name.length > 63) {
    throw failure("The specified resource name length is not within the permissible limits.");
  }
  if (!/^[a-z0-9](?:-?[a-z0-9])*$/.test(name)) {
    throw failure("The specifed resource name contains invalid characters.");
  }
}

/** What a PUT or PATCH changes; throws 400 or 409 for what Storage does not permit. */
export function readContainerBody(
  account: StorageAccount,
  body: JsonObject,
  existing?: BlobContainer,
): Partial<BlobContainer> {
  const sent = objectAt(body, "properties");
  requireScope(sent);
  requireVersionedLocks(account, sent, existing);
  const access = readPublicAccess(account, stringAt(sent, "publicAccess"));
  const others = Object.entries(sent).filter(([name]) => !OWN.includes(name));
  return {
    ...(access === undefined ? {} : { publicAccess: access }),
    ...(isObject(sent["metadata"]) ? { metadata: readMetadata(sent["metadata"]) } : {}),
    ...(others.length > 0 ? { properties: { ...existing?.properties, ...Object.fromEntries(others) } } : {}),
  };
}

/** Accounts of the emulator have no encryption scopes of their own. That Azure words it so is an assumption. */
function requireScope(sent: JsonObject): void {
  const scope = stringAt(sent, "defaultEncryptionScope");
  if (scope === undefined || scope.toLowerCase() === "$account-encryption-key") return;
  throw failure(`The specified encryption scope '${scope}' does not exist.`);
}

/**
 * Immutability of versions "can only be set to true at the container creation time" (BlobContainerData), and needs versions
 * ("immutable-policy-configure-version-scope"). The codes are assumptions.
 */
function requireVersionedLocks(account: StorageAccount, sent: JsonObject, existing: BlobContainer | undefined): void {
  const name = "immutableStorageWithVersioning";
  if (objectAt(sent, name)["enabled"] !== true) return;
  if (existing !== undefined && objectAt(existing.properties ?? {}, name)["enabled"] !== true) {
    throw conflict(
      "ContainerImmutableStorageWithVersioningCannotBeUpdated",
      `The property '${name}' is set at creation only.`,
    );
  }
  if (account.blobService["isVersioningEnabled"] === true) return;
  throw badRequest("FeatureNotSupportedForAccount", `The property '${name}' needs an account with blob versioning.`);
}

function readPublicAccess(
  account: StorageAccount,
  sent: string | undefined,
): BlobContainer["publicAccess"] | undefined {
  if (sent === undefined) return undefined;
  if (sent !== "None" && sent !== "Blob" && sent !== "Container") {
    throw badRequest("InvalidRequestPropertyValue", `The value '${sent}' is not allowed for property publicAccess.`);
  }
  if (sent !== "None" && account.properties["allowBlobPublicAccess"] !== true) {
    throw conflict("PublicAccessNotPermitted", "Public access is not permitted on this storage account.");
  }
  return sent;
}

/** Names are C# identifiers and compare without case; values are what an HTTP header can carry. */
function readMetadata(sent: JsonObject): Record<string, string> {
  const metadata: Record<string, string> = {};
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of Object.entries(sent)) {
    const valid =
      typeof value === "string" &&
      /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]*$/u.test(name) &&
      /^[\x20-\x7e\t]*$/.test(value);
    if (!valid || seen.has(name.toLowerCase())) {
      throw failure("The metadata specified is invalid. It has characters that are not permitted.");
    }
    seen.add(name.toLowerCase());
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    setOwn(metadata, name, value);
  }
  if (bytes > METADATA_BYTES) throw failure("The metadata specified exceeds the maximum allowed limit of 8KB.");
  return metadata;
}

function failure(message: string): ArmError {
  return new ArmError(400, "ContainerOperationFailure", message);
}
