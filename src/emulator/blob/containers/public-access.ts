/** Public access to a container, as the header `x-ms-blob-public-access` sets and shows it. */
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import type { BlobContainer } from "../../world.ts";
import type { BlobRequest } from "../http/request.ts";

/** Absent for a private container. */
export function publicAccessHeader({ publicAccess }: BlobContainer): Record<string, string> {
  return publicAccess === "None" ? {} : { "x-ms-blob-public-access": publicAccess.toLowerCase() };
}

/** What a request asks for; 409 PublicAccessNotPermitted when the account forbids public access. */
export function readPublicAccess(request: BlobRequest): BlobContainer["publicAccess"] {
  const value = header(request, "x-ms-blob-public-access")?.toLowerCase();
  if (value === undefined) return "None";
  if (value !== "container" && value !== "blob") throw invalidHeader("x-ms-blob-public-access", value);
  if (request.account.properties["allowBlobPublicAccess"] !== true) throw new StorageError("PublicAccessNotPermitted");
  return value === "blob" ? "Blob" : "Container";
}
