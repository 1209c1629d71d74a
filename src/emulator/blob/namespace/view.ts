/** How answers describe a file or directory of a hierarchical namespace, beyond what they say of any blob. */

import { isHierarchical } from "../../storage/accounts.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { PathAccess, StorageAccount } from "../../world.ts";
import { FIRST_ACL_VERSION, FIRST_PERMISSIONS_VERSION, FIRST_RESOURCE_TYPE_VERSION } from "../http/versions.ts";
import { element } from "../http/xml.ts";
import { accessOfNew, permissionsOf, ROOT_ACCESS, SUPER_USER } from "./acl.ts";

/** The metadata by which clients of Blob recognise a directory. */
const FOLDER_MARK = "hdi_isfolder";

/** The metadata that a blob shows: a directory has the mark as well. */
export function metadataOf({ metadata, isDirectory }: Blob): Readonly<Record<string, string>> {
  return isDirectory === true ? { [FOLDER_MARK]: "true", ...metadata } : metadata;
}

/** Whether metadata has the mark. */
export function isMarkedAsFolder(metadata: Readonly<Record<string, string>>): boolean {
  return Object.entries(metadata).some(([name, value]) => name.toLowerCase() === FOLDER_MARK && value === "true");
}

/** Metadata without the mark, as a directory keeps it. */
export function withoutFolderMark(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => name.toLowerCase() !== FOLDER_MARK));
}

/** Owner, group and list of a path; state that was saved by a version without them gets the default ones. */
export function accessOf({ access, isDirectory = false }: Pick<Blob, "access" | "isDirectory">): PathAccess {
  return access ?? accessOfNew(ROOT_ACCESS, { owner: SUPER_USER, isDirectory });
}

/** What determines the contents of an answer. */
export interface Asked {
  readonly account: StorageAccount;
  readonly version: string;
}

/** `file` or `directory`. */
export function resourceTypeOf({ isDirectory }: Pick<Blob, "isDirectory">): "file" | "directory" {
  return isDirectory === true ? "directory" : "file";
}

/** `x-ms-owner` and similar ("Get Blob Properties"); none on a flat account. */
export function pathHeaders({ account, version }: Asked, blob: Blob): Record<string, string> {
  if (!isHierarchical(account)) return {};
  const access = accessOf(blob);
  return {
    ...(version < FIRST_PERMISSIONS_VERSION ? {} : accessHeaders(access)),
    ...(version < FIRST_ACL_VERSION ? {} : { "x-ms-acl": access.acl }),
    ...(version < FIRST_RESOURCE_TYPE_VERSION ? {} : { "x-ms-resource-type": resourceTypeOf(blob) }),
  };
}

/** Owner, group and permissions, as both services answer them. */
export function accessHeaders(access: PathAccess): Record<string, string> {
  return {
    "x-ms-owner": access.owner,
    "x-ms-group": access.group,
    "x-ms-permissions": permissionsOf(access),
  };
}

/** The elements of a listing between ETag and length ("List Blobs"); none on a flat account. */
export function pathXml({ account, version }: Asked, blob: Blob, include: ReadonlySet<string>): string[] {
  if (!isHierarchical(account)) return [];
  const type = version < FIRST_RESOURCE_TYPE_VERSION ? [] : [element("ResourceType", resourceTypeOf(blob))];
  if (!include.has("permissions")) return type;
  const access = accessOf(blob);
  return [
    element("Owner", access.owner),
    element("Group", access.group),
    element("Permissions", permissionsOf(access)),
    element("Acl", access.acl),
    ...type,
  ];
}
