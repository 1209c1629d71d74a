/** What Azure's Blob service supports and this one does not: refused in Azure's words, never ignored silently. */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { requireBlob } from "../blobs/find.ts";
import type { BlobRequest } from "./request.ts";

/** Any operation on pages: page blobs cannot be created here, so the blob has the wrong type. */
export function refusePages(request: BlobRequest): Reply {
  requireBlob(request);
  throw new StorageError("InvalidBlobType");
}

/**
 * What accounts with a hierarchical namespace do not have: snapshots (409, as seen on a real one) and index tags (400
 * for the parameter, azure-sdk-for-net#39388). Undelete Blob needs a deletion id there, which is not emulated.
 */
export function refuseOnHierarchical(request: BlobRequest): void {
  if (!isHierarchical(request.account)) return;
  const comp = request.call.query.get("comp")?.toLowerCase() ?? "";
  if (comp === "snapshot") {
    const details = { FeatureName: "Snapshots" };
    throw new StorageError("FeatureNotYetSupportedForHierarchicalNamespaceAccounts", { details });
  }
  if (comp === "tags" || comp === "blobs") throw invalidQuery("comp", comp);
  if (header(request, "x-ms-tags") !== undefined) {
    throw new StorageError("UnsupportedHeader", { details: { HeaderName: "x-ms-tags" } });
  }
  if (comp === "undelete") throw new StorageError("NotImplemented");
}
