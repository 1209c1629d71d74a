/**
 * What each Data Lake operation needs: the same data actions as in Blob, and three more for moves, owners and
 * permissions ("Permissions for calling data operations"; letters of a SAS: "Create a user delegation SAS").
 */
import { onBlob, RIGHTS, type Right } from "../blob/auth/rights.ts";

/** Blob's rights, without the levels of public access: this endpoint has no anonymous access. */
function closed(right: Right): Right {
  const { openTo: _, ...rest } = right;
  return rest;
}

export const DFS_RIGHTS = {
  listFilesystems: RIGHTS.listContainers,
  createFilesystem: RIGHTS.createContainer,
  readFilesystem: closed(RIGHTS.readContainer),
  writeFilesystem: RIGHTS.writeContainer,
  deleteFilesystem: RIGHTS.deleteContainer,
  listPaths: closed(RIGHTS.listBlobs),
  readPath: closed(RIGHTS.readBlob),
  readAccess: onBlob("read", "re"),
  createPath: RIGHTS.createBlob,
  /** Needed at the source; the destination needs `createPath`. */
  movePath: onBlob("move/action", "m"),
  writePath: RIGHTS.writeBlob,
  leasePath: RIGHTS.leaseBlob,
  deletePath: RIGHTS.deleteBlob,
  /** The operation itself checks one of the next two. */
  changeAccess: { ...onBlob("", ""), plane: "caller" },
  changeOwner: onBlob("manageOwnership/action", "o"),
  changePermissions: onBlob("modifyPermissions/action", "p"),
} as const satisfies Record<string, Right>;
