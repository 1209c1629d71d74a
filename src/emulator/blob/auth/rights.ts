/**
 * The rights of each operation: the RBAC action or data action ("Permissions for calling data operations"), the letters
 * of a SAS, and the level of public access that opens it to everyone. Container calls need *actions*, blob calls need
 * *data actions*: no wildcard in a role's actions opens a blob.
 */

export interface Right {
  /**
   * "key": no token can do it, only an account key. "caller": every authenticated caller; each subrequest has a right
   * of its own.
   */
  readonly plane: "action" | "data" | "key" | "caller";
  /**
   * Where the action must be allowed; "container" is the account for a call that names none. Blob data actions are
   * asked at the container: no assignment lies below it.
   */
  readonly scope: "account" | "container";
  readonly action: string;
  /** Sufficient as well while the blob does not exist yet. */
  readonly createAction?: string;
  /** Resource type of a SAS, and the letters of which any one is enough; `createLetters` for a new blob. */
  readonly sas: SasRight;
  /** The public access level that opens the operation to anonymous callers. */
  readonly openTo?: "Container" | "Blob";
  /** What conditions see as @Request[subOperation]. */
  readonly subOperation?: string;
}

interface SasRight {
  readonly resource: "s" | "c" | "o";
  readonly letters: string;
  readonly createLetters?: string;
  /**
   * Only an account SAS can: a service or user delegation SAS of a container opens its blobs and their list, never the
   * container itself ("Create a service SAS": "Containers, queues, and tables can't be created, deleted, or listed",
   * their properties, metadata and leases neither).
   */
  readonly isAccountOnly?: boolean;
}

const SERVICE = "Microsoft.Storage/storageAccounts/blobServices";
const CONTAINERS = `${SERVICE}/containers`;
const BLOBS = `${CONTAINERS}/blobs`;

const onService = (action: string, letters: string): Right => ({
  plane: "action",
  scope: "account",
  action: `${SERVICE}/${action}`,
  sas: { resource: "s", letters },
});

const onContainer = (action: string, letters: string): Right => ({
  plane: "action",
  scope: "container",
  action: `${CONTAINERS}/${action}`,
  sas: { resource: "c", letters, isAccountOnly: true },
});

/** A data action on the blobs of a container. */
export const onBlob = (action: string, letters: string): Right => ({
  plane: "data",
  scope: "container",
  action: `${BLOBS}/${action}`,
  sas: { resource: "o", letters },
});

export const RIGHTS = {
  listContainers: onService("containers/read", "l"),
  readService: onService("read", "r"),
  writeService: onService("write", "w"),
  getDelegationKey: onService("generateUserDelegationKey/action", ""),
  /** The reference names keys and SAS only; clients rely on tokens with the right to read blobs being accepted too. */
  accountInfo: { ...onBlob("read", "rwdlacupt"), sas: { resource: "s", letters: "rwdlacupt" } },
  batch: { ...onService("", ""), plane: "caller" },
  findBlobsByTags: { ...onBlob("filter/action", "f"), sas: { resource: "s", letters: "f" } },
  findContainerBlobsByTags: { ...onBlob("filter/action", "f"), sas: { resource: "c", letters: "f" } },

  createContainer: { ...onContainer("write", "cw") },
  restoreContainer: { ...onContainer("write", "w"), scope: "account" },
  readContainer: { ...onContainer("read", "r"), openTo: "Container" },
  writeContainer: onContainer("write", "w"),
  leaseContainer: onContainer("write", "w"),
  deleteContainer: onContainer("delete", "d"),
  accessPolicy: { ...onContainer("", ""), plane: "key" },
  listBlobs: {
    ...onBlob("read", "l"),
    sas: { resource: "c", letters: "l" },
    openTo: "Container",
    subOperation: "Blob.List",
  },

  readBlob: { ...onBlob("read", "r"), openTo: "Blob" },
  createBlob: {
    ...onBlob("write", "w"),
    createAction: `${BLOBS}/add/action`,
    sas: { resource: "o", letters: "w", createLetters: "c" },
  },
  writeBlob: onBlob("write", "w"),
  writeBlock: { ...onBlob("write", "w"), sas: { resource: "o", letters: "w", createLetters: "c" } },
  snapshotBlob: { ...onBlob("write", "wc"), createAction: `${BLOBS}/add/action` },
  appendBlob: { ...onBlob("write", "wa") },
  writeTier: { ...onBlob("write", "w"), subOperation: "Blob.Write.Tier" },
  leaseBlob: onBlob("write", "w"),
  deleteBlob: onBlob("delete", "d"),
  deleteBlobVersion: onBlob("deleteBlobVersion/action", "x"),
  deletePermanently: onBlob("permanentDelete/action", "y"),
  readTags: onBlob("tags/read", "t"),
  writeTags: onBlob("tags/write", "t"),
} as const satisfies Record<string, Right>;
