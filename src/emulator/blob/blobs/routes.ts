/** Operations on blobs, and the list of them. */
import { RIGHTS } from "../auth/rights.ts";
import { type Operations, operation } from "../http/operation.ts";
import type { Selector } from "../http/selectors.ts";
import { refusePages } from "../http/unsupported.ts";
import { appendBlock, sealBlob } from "./append.ts";
import { getBlockList, putBlock, putBlockList } from "./blocks.ts";
import { abortCopy, copyBlob, putBlobFromUrl, putBlockFromUrl } from "./copy.ts";
import { deleteBlob, deletePermanently, deleteVersion } from "./delete.ts";
import { listBlobs } from "./list.ts";
import { getBlobMetadata, leaseBlob, setBlobMetadata, setBlobProperties, snapshotBlob } from "./properties.ts";
import { putBlob } from "./put.ts";
import { getBlob, getBlobProperties } from "./read.ts";
import { undeleteBlob } from "./soft-delete.ts";
import { setBlobTier } from "./tier.ts";

/** Selectors of calls that change the blob itself, and of those that read it or a snapshot or version of it. */
const WRITE = ["if", "if-tags"] as const satisfies readonly Selector[];
const READ = ["snapshot", "versionid", ...WRITE] as const satisfies readonly Selector[];

export const blobOperations: Operations = {
  "container GET comp=list": operation("blobs/list", RIGHTS.listBlobs, listBlobs),
  "blob PUT": operation("blobs/put", RIGHTS.createBlob, putBlob, WRITE),
  "blob GET": operation("blobs/get", RIGHTS.readBlob, getBlob, READ),
  "blob HEAD": operation("blobs/getProperties", RIGHTS.readBlob, getBlobProperties, READ),
  "blob DELETE": operation("blobs/delete", RIGHTS.deleteBlob, deleteBlob, ["snapshot", ...WRITE]),
  "blob DELETE version": operation("blobs/deleteVersion", RIGHTS.deleteBlobVersion, deleteVersion, [
    "versionid",
    ...WRITE,
  ]),
  "blob DELETE for-good": operation("blobs/deletePermanently", RIGHTS.deletePermanently, deletePermanently, [
    "snapshot",
    "versionid",
    "deletetype",
  ]),
  "blob PUT comp=properties": operation("blobs/setProperties", RIGHTS.writeBlob, setBlobProperties, WRITE),
  "blob GET comp=metadata": operation("blobs/getMetadata", RIGHTS.readBlob, getBlobMetadata, READ),
  "blob PUT comp=metadata": operation("blobs/setMetadata", RIGHTS.writeBlob, setBlobMetadata, WRITE),
  "blob PUT comp=lease": operation("blobs/lease", RIGHTS.leaseBlob, leaseBlob, WRITE),
  "blob PUT comp=snapshot": operation("blobs/snapshot", RIGHTS.snapshotBlob, snapshotBlob, WRITE),
  "blob PUT comp=block": operation("blobs/putBlock", RIGHTS.writeBlock, putBlock),
  "blob PUT comp=block from-url": operation("blobs/putBlockFromUrl", RIGHTS.writeBlock, putBlockFromUrl),
  "blob PUT comp=blocklist": operation("blobs/putBlockList", RIGHTS.writeBlock, putBlockList, WRITE),
  "blob GET comp=blocklist": operation("blobs/getBlockList", RIGHTS.readBlob, getBlockList, [
    "snapshot",
    "versionid",
    "if-tags",
  ]),
  "blob PUT comp=appendblock": operation("blobs/appendBlock", RIGHTS.appendBlob, appendBlock, WRITE),
  "blob PUT comp=seal": operation("blobs/seal", RIGHTS.appendBlob, sealBlob, WRITE),
  "blob PUT from-url": operation("blobs/copy", RIGHTS.createBlob, copyBlob, WRITE),
  "blob PUT from-url typed": operation("blobs/putFromUrl", RIGHTS.createBlob, putBlobFromUrl, WRITE),
  "blob PUT comp=undelete": operation("blobs/undelete", RIGHTS.writeBlob, undeleteBlob),
  "blob PUT comp=page": operation("blobs/putPage", RIGHTS.writeBlob, refusePages),
  "blob GET comp=pagelist": operation("blobs/getPageRanges", RIGHTS.readBlob, refusePages),
  "blob PUT comp=incrementalcopy": operation("blobs/incrementalCopy", RIGHTS.writeBlob, refusePages),
  "blob PUT comp=copy": operation("blobs/abortCopy", RIGHTS.writeBlob, abortCopy),
  "blob PUT comp=tier": operation("blobs/setTier", RIGHTS.writeTier, setBlobTier, ["snapshot", "versionid", "if-tags"]),
};
