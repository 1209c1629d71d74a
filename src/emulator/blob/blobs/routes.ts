/** Operations on blobs, and the list of them. */
import { RIGHTS } from "../auth/rights.ts";
import { type Operations, operation } from "../http/operation.ts";
import { refusePages } from "../http/unsupported.ts";
import { appendBlock, sealBlob } from "./append.ts";
import { getBlockList, putBlock, putBlockList } from "./blocks.ts";
import { abortCopy, copyBlob, putBlobFromUrl, putBlockFromUrl } from "./copy.ts";
import { deleteBlob } from "./delete.ts";
import { listBlobs } from "./list.ts";
import { getBlobMetadata, leaseBlob, setBlobMetadata, setBlobProperties, snapshotBlob } from "./properties.ts";
import { putBlob } from "./put.ts";
import { getBlob, getBlobProperties } from "./read.ts";
import { undeleteBlob } from "./soft-delete.ts";
import { setBlobTier } from "./tier.ts";

export const blobOperations: Operations = {
  "container GET comp=list": operation("blobs/list", RIGHTS.listBlobs, listBlobs),
  "blob PUT": operation("blobs/put", RIGHTS.createBlob, putBlob),
  "blob GET": operation("blobs/get", RIGHTS.readBlob, getBlob),
  "blob HEAD": operation("blobs/getProperties", RIGHTS.readBlob, getBlobProperties),
  "blob DELETE": operation("blobs/delete", RIGHTS.deleteBlob, deleteBlob),
  "blob PUT comp=properties": operation("blobs/setProperties", RIGHTS.writeBlob, setBlobProperties),
  "blob GET comp=metadata": operation("blobs/getMetadata", RIGHTS.readBlob, getBlobMetadata),
  "blob PUT comp=metadata": operation("blobs/setMetadata", RIGHTS.writeBlob, setBlobMetadata),
  "blob PUT comp=lease": operation("blobs/lease", RIGHTS.leaseBlob, leaseBlob),
  "blob PUT comp=snapshot": operation("blobs/snapshot", RIGHTS.snapshotBlob, snapshotBlob),
  "blob PUT comp=block": operation("blobs/putBlock", RIGHTS.writeBlock, putBlock),
  "blob PUT comp=block from-url": operation("blobs/putBlockFromUrl", RIGHTS.writeBlock, putBlockFromUrl),
  "blob PUT comp=blocklist": operation("blobs/putBlockList", RIGHTS.writeBlock, putBlockList),
  "blob GET comp=blocklist": operation("blobs/getBlockList", RIGHTS.readBlob, getBlockList),
  "blob PUT comp=appendblock": operation("blobs/appendBlock", RIGHTS.appendBlob, appendBlock),
  "blob PUT comp=seal": operation("blobs/seal", RIGHTS.appendBlob, sealBlob),
  "blob PUT from-url": operation("blobs/copy", RIGHTS.createBlob, copyBlob),
  "blob PUT from-url typed": operation("blobs/putFromUrl", RIGHTS.createBlob, putBlobFromUrl),
  "blob PUT comp=undelete": operation("blobs/undelete", RIGHTS.writeBlob, undeleteBlob),
  "blob PUT comp=page": operation("blobs/putPage", RIGHTS.writeBlob, refusePages),
  "blob GET comp=pagelist": operation("blobs/getPageRanges", RIGHTS.readBlob, refusePages),
  "blob PUT comp=incrementalcopy": operation("blobs/incrementalCopy", RIGHTS.writeBlob, refusePages),
  "blob PUT comp=copy": operation("blobs/abortCopy", RIGHTS.writeBlob, abortCopy),
  "blob PUT comp=tier": operation("blobs/setTier", RIGHTS.writeTier, setBlobTier),
};
