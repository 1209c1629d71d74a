/** Which operation a call is: its method, resource, `restype` and `comp` name one row of this table. */
import type { Call, Reply } from "../http/call.ts";
import { runBatch } from "./account/batch.ts";
import { getAccountInfo } from "./account/info.ts";
import { getServiceProperties, setServiceProperties } from "./account/properties.ts";
import { RIGHTS, type Right } from "./auth/rights.ts";
import { getUserDelegationKey } from "./auth/user-delegation-key.ts";
import { appendBlock, sealBlob } from "./blobs/append.ts";
import { getBlockList, putBlock, putBlockList } from "./blobs/blocks.ts";
import { abortCopy, copyBlob, putBlobFromUrl, putBlockFromUrl } from "./blobs/copy.ts";
import { deleteBlob } from "./blobs/delete.ts";
import { listBlobs } from "./blobs/list.ts";
import { getBlobMetadata, leaseBlob, setBlobMetadata, setBlobProperties, snapshotBlob } from "./blobs/properties.ts";
import { putBlob } from "./blobs/put.ts";
import { getBlob, getBlobProperties } from "./blobs/read.ts";
import { undeleteBlob } from "./blobs/soft-delete.ts";
import { setBlobTier } from "./blobs/tier.ts";
import { getAccessPolicies, setAccessPolicies } from "./containers/access-policies.ts";
import { listContainers } from "./containers/list.ts";
import {
  createContainer,
  deleteContainer,
  getContainerMetadata,
  getContainerProperties,
  leaseContainer,
  setContainerMetadata,
} from "./containers/operations.ts";
import type { Address, BlobRequest } from "./http/request.ts";
import { refusePages } from "./http/unsupported.ts";
import { findBlobsByTags } from "./tags/find.ts";
import { getBlobTags, setBlobTags } from "./tags/operations.ts";

/** One operation. */
export interface Operation {
  /** As the call log names it. */
  readonly name: string;
  readonly right: Right;
  readonly run: (request: BlobRequest) => Reply | Promise<Reply>;
}

const operation = (name: string, right: Right, run: Operation["run"]): Operation => ({ name, right, run });

const ACCOUNT_INFO = operation("service/getAccountInfo", RIGHTS.accountInfo, getAccountInfo);

/**
 * Key: level, method, `restype` (where it says more than the level), `comp`, and whether the content comes from a URL.
 * HEAD is GET where it has no row of its own.
 */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  "service GET comp=list": operation("containers/list", RIGHTS.listContainers, listContainers),
  "service GET restype=service comp=properties": operation(
    "service/getProperties",
    RIGHTS.readService,
    getServiceProperties,
  ),
  "service PUT restype=service comp=properties": operation(
    "service/setProperties",
    RIGHTS.writeService,
    setServiceProperties,
  ),
  "service GET comp=blobs": operation("blobs/find", RIGHTS.findBlobsByTags, findBlobsByTags),
  "service POST comp=batch": operation("service/batch", RIGHTS.batch, runBatch),
  // Clients take the account's name in the path of a loopback host for a container's.
  "service POST restype=container comp=batch": operation("service/batch", RIGHTS.batch, runBatch),
  "container POST comp=batch": operation("containers/batch", RIGHTS.batch, runBatch),
  "container GET comp=blobs": operation("blobs/find", RIGHTS.findContainerBlobsByTags, findBlobsByTags),
  "service GET restype=account comp=properties": ACCOUNT_INFO,
  "container GET restype=account comp=properties": ACCOUNT_INFO,
  "blob GET restype=account comp=properties": ACCOUNT_INFO,
  "service POST restype=service comp=userdelegationkey": operation(
    "service/getUserDelegationKey",
    RIGHTS.getDelegationKey,
    getUserDelegationKey,
  ),

  "container PUT": operation("containers/create", RIGHTS.createContainer, createContainer),
  "container GET": operation("containers/get", RIGHTS.readContainer, getContainerProperties),
  "container DELETE": operation("containers/delete", RIGHTS.deleteContainer, deleteContainer),
  "container GET comp=metadata": operation("containers/getMetadata", RIGHTS.readContainer, getContainerMetadata),
  "container PUT comp=metadata": operation("containers/setMetadata", RIGHTS.writeContainer, setContainerMetadata),
  "container PUT comp=lease": operation("containers/lease", RIGHTS.leaseContainer, leaseContainer),
  "container GET comp=acl": operation("containers/getAcl", RIGHTS.accessPolicy, getAccessPolicies),
  "container PUT comp=acl": operation("containers/setAcl", RIGHTS.accessPolicy, setAccessPolicies),
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
  "blob GET comp=tags": operation("blobs/getTags", RIGHTS.readTags, getBlobTags),
  "blob PUT comp=tags": operation("blobs/setTags", RIGHTS.writeTags, setBlobTags),
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

/** Methods that the service knows at all. */
export const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS"]);

/** The operation of a call, read from its head; undefined when there is none. */
export function findOperation(call: Call, { level }: Address): Operation | undefined {
  const restype = call.query.get("restype")?.toLowerCase();
  const comp = call.query.get("comp")?.toLowerCase();
  const isFromUrl = call.method === "PUT" && level === "blob" && call.headers["x-ms-copy-source"] !== undefined;
  const isTyped = isFromUrl && comp === undefined && call.headers["x-ms-blob-type"] !== undefined;
  const rest = [
    restype === undefined || (restype === "container" && level === "container") ? "" : ` restype=${restype}`,
    comp === undefined || comp === "" ? "" : ` comp=${comp}`,
    isFromUrl ? " from-url" : "",
    isTyped ? " typed" : "",
  ].join("");
  const found = OPERATIONS[`${level} ${call.method}${rest}`];
  return found === undefined && call.method === "HEAD" ? OPERATIONS[`${level} GET${rest}`] : found;
}
