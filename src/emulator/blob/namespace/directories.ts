/**
 * The directories of a hierarchical namespace: created above every blob that is written, never overwritten, and
 * not deleted by Blob while they contain something. On a flat account nothing here has an effect.
 */

import { isHierarchical } from "../../storage/accounts.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { ContainerBlobs } from "../../storage/store/container-blobs.ts";
import { newEtag } from "../../storage/times.ts";
import type { BlobContainer, PathAccess } from "../../world.ts";
import { blobsOf } from "../blobs/find.ts";
import { requireContainer } from "../containers/find.ts";
import { checkConditions } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { accessOfNew, type NewAccess, ROOT_ACCESS, SUPER_USER } from "./acl.ts";
import { parentOf } from "./names.ts";
import { accessOf, withoutFolderMark } from "./view.ts";

/**
 * 409 when the path is a directory, or passes through a file. The reference names no code for it on the Blob endpoint;
 * this one is among its common codes and describes the case.
 */
export function requireFilePath(request: BlobRequest): void {
  if (!isHierarchical(request.account)) return;
  requireOpenWay(request);
  if (blobsOf(request).find(request.blob)?.isDirectory === true) throw new StorageError("ResourceTypeMismatch");
}

/** 409 when the path passes through a file. */
export function requireOpenWay(request: BlobRequest): void {
  const blobs = blobsOf(request);
  const above = ancestorsOf(request.blob).map((name) => blobs.find(name));
  if (above.some(isFile)) throw new StorageError("ResourceTypeMismatch");
}

/**
 * "An error will occur in cases where the name of a file appears in the middle of the prefix path" ("List Blobs"), with
 * a code that the reference does not name.
 */
export function requireDirectoryPrefix(request: BlobRequest, prefix: string): void {
  requireOpenWay({ ...request, blob: prefix });
}

function isFile(blob: Blob | undefined): boolean {
  return blob !== undefined && blob.isDirectory !== true;
}

/** 400 for what only files support. */
export function requireFile(blob: Blob | undefined): void {
  if (blob?.isDirectory === true) throw new StorageError("OperationNotSupportedOnDirectory");
}

/** The namespace members of a new or replaced blob; the directories above it are created first. */
export function pathOfNew(request: BlobRequest, wanted: Partial<NewAccess> = {}): Partial<Blob> {
  if (!isHierarchical(request.account)) return {};
  makeParents(request);
  const { isDirectory = false } = wanted;
  const parent = accessAt(requireContainer(request), blobsOf(request), parentOf(request.blob));
  return { isDirectory, access: accessOfNew(parent, { owner: creatorOf(request), ...wanted, isDirectory }) };
}

function makeParents(request: BlobRequest): void {
  const blobs = blobsOf(request);
  for (const name of ancestorsOf(request.blob)) {
    if (blobs.find(name) !== undefined) continue;
    const parent = accessAt(requireContainer(request), blobs, parentOf(name));
    const access = accessOfNew(parent, { owner: creatorOf(request), isDirectory: true });
    blobs.put(directory(name, access, request.services.clock.now()));
  }
}

/** The record of a new directory. */
export function directory(name: string, access: PathAccess, now: number): Blob {
  return {
    name,
    type: "BlockBlob",
    createdAt: now,
    lastModified: now,
    etag: newEtag(now),
    content: { type: "" },
    metadata: {},
    tags: {},
    slices: [],
    size: 0,
    blocks: [],
    lease: { state: "available" },
    isDirectory: true,
    access,
  };
}

/** Creates a directory at the request's path, or changes the metadata of the existing one. */
export function putDirectory(request: BlobRequest, metadata: Readonly<Record<string, string>>): Blob {
  const blobs = blobsOf(request);
  const existing = blobs.find(request.blob);
  checkConditions(request, existing, "write");
  requireOpenWay(request);
  if (existing !== undefined && existing.isDirectory !== true) throw new StorageError("ResourceTypeMismatch");
  const { access = ROOT_ACCESS } = existing ?? pathOfNew(request, { isDirectory: true });
  const made = directory(request.blob, access, request.services.clock.now());
  const kept = existing === undefined ? {} : { createdAt: existing.createdAt, lease: existing.lease };
  const put = { ...made, ...kept, metadata: withoutFolderMark(metadata) };
  blobs.put(put);
  return put;
}

/** Object id of the caller; what is written with a key or a signature has no owner of its own. */
function creatorOf({ caller }: BlobRequest): string {
  return caller.kind === "principal" ? caller.token.principalId : SUPER_USER;
}

/** Owner and list of a directory; the empty name is the root of the container. */
function accessAt(container: BlobContainer, blobs: ContainerBlobs, name: string): PathAccess {
  const found = name === "" ? { access: container.rootAccess ?? ROOT_ACCESS } : blobs.find(name);
  return accessOf(found ?? { isDirectory: true });
}

/** `a`, `a/b` for `a/b/c`. */
function ancestorsOf(name: string): string[] {
  return [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));
}

/** Everything below a directory, in the order of names; the empty name is the root. */
export function* blobsBelow(blobs: ContainerBlobs, name: string): Generator<Blob> {
  const prefix = name === "" ? "" : `${name}/`;
  for (const each of blobs.names()) {
    const blob = each.startsWith(prefix) ? blobs.find(each) : undefined;
    if (blob !== undefined) yield blob;
  }
}

/**
 * 409 DirectoryIsNotEmpty; Delete Blob with `x-ms-delete-snapshots` deletes no directory at all (seen in
 * azure-storage-fuse#1068).
 */
export function requireDeletable(request: BlobRequest, blob: Blob, deletesSnapshots: boolean): void {
  if (blob.isDirectory !== true) return;
  if (deletesSnapshots) throw new StorageError("OperationNotSupportedOnDirectory");
  if (blobsBelow(blobsOf(request), blob.name).next().done !== true) throw new StorageError("DirectoryIsNotEmpty");
}
