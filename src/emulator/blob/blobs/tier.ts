/** Access tiers: Set Blob Tier, and the tier that a new blob asks for. */
import type { Reply } from "../../http/call.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { checkTags } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { requireFile } from "../namespace/directories.ts";
import { requireSelected } from "./find.ts";
import { accessTierOf } from "./view.ts";

const BLOCK_BLOB_TIERS = ["Hot", "Cool", "Cold", "Archive"];

/** The tier in Azure's spelling; 400 InvalidHeaderValue when it is unknown. */
export function readTier(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const tier = BLOCK_BLOB_TIERS.find((each) => each.toLowerCase() === value.toLowerCase());
  if (tier === undefined) throw invalidHeader("x-ms-access-tier", value);
  return tier;
}

/** Set Blob Tier: 200, or 202 when an archived blob must be rehydrated first (here it is available at once). */
export function setBlobTier(request: BlobRequest): Reply {
  const blob = requireSelected(request);
  const tier = readTier(header(request, "x-ms-access-tier"));
  if (tier === undefined) throw missingHeader("x-ms-access-tier");
  requireFile(blob);
  if (blob.type !== "BlockBlob") throw new StorageError("InvalidBlobType");
  checkTags(request, blob);
  checkLease(request, blob.lease, "Blob", false);
  const wasArchived = accessTierOf(request.account, blob) === "Archive" && tier !== "Archive";
  blob.tier = tier;
  blob.tierChangedAt = request.now;
  return { status: wasArchived ? 202 : 200 };
}

/** 409 BlobArchived: the content of an archived blob cannot be read. */
export function requireOnline(request: BlobRequest, tier: string | undefined): void {
  if (tier === "Archive") throw new StorageError("BlobArchived", { headers: { "x-ms-request-id": request.call.id } });
}
