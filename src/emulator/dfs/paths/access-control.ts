/** Path - Update, setAccessControl and setAccessControlRecursive: owner, group, permissions and list of paths. */

import { authorize } from "../../blob/auth/authorize.ts";
import { blobsOf } from "../../blob/blobs/find.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { writeMarker } from "../../blob/http/paging.ts";
import {
  type AclEntry,
  aclOfMode,
  completeAcl,
  isSameEntry,
  parseAcl,
  parseAclNames,
  parseMode,
  writeAcl,
} from "../../blob/namespace/acl.ts";
import { blobsBelow } from "../../blob/namespace/directories.ts";
import type { Reply } from "../../http/call.ts";
import { invalidHeader, invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import { newEtag } from "../../storage/times.ts";
import type { PathAccess } from "../../world.ts";
import {
  booleanQuery,
  type DfsRequest,
  pageSizeQuery,
  readContinuation,
  requiredHeader,
  requireNoBody,
} from "../request.ts";
import { DFS_RIGHTS } from "../rights.ts";
import { type Guarded, guarded, openGuarded } from "./find.ts";

/** "The default and maximum value is 2,000" paths for each call of setAccessControlRecursive. */
const MOST_RECORDS = 2000;

/** 200. Changing owner or group needs a right of its own; the owner may change permissions and list as well. */
export function setAccessControl(request: DfsRequest): Reply {
  requireNoBody(request);
  const path = openGuarded(request);
  requireChange(request, [path]);
  if (path.blob !== undefined) {
    checkConditions(request, path.blob, "write");
    checkLease(request, path.blob.lease, "Blob", true);
    requireMutable(requireContainer(request), path.blob, request.now);
  }
  path.setAccess(readChange(request, path));
  if (path.blob === undefined) return { status: 200, headers: versionHeaders(path) };
  path.blob.etag = newEtag(request.now);
  path.blob.lastModified = request.now;
  return { status: 200, headers: versionHeaders(path.blob) };
}

function readChange(request: DfsRequest, { access, isDirectory }: Guarded): PathAccess {
  const [owner, group, permissions, acl] = ["owner", "group", "permissions", "acl"].map((name) =>
    header(request, `x-ms-${name}`),
  );
  if ([owner, group, permissions, acl].every((each) => each === undefined)) throw missingChange();
  // "x-ms-permissions and x-ms-acl request headers are mutually exclusive."
  if (permissions !== undefined && acl !== undefined) throw new StorageError("InvalidInput");
  const changed = { ...access, ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  if (permissions !== undefined) return { ...changed, acl: writeAcl(withMode(changed, readMode(permissions))) };
  return acl === undefined ? changed : { ...changed, acl: writeAcl(readAcl(acl, isDirectory)) };
}

function missingChange(): StorageError {
  return new StorageError("MissingRequiredHeader", { details: { HeaderName: "x-ms-acl" } });
}

function readMode(value: string): number {
  const mode = parseMode(value);
  if (mode === undefined) throw invalidHeader("x-ms-permissions", value);
  return mode;
}

/** A mode removes the named access entries ("Just setting up the permissions will delete existing ACLs"). */
function withMode({ acl }: PathAccess, mode: number): AclEntry[] {
  return [...aclOfMode(mode), ...(parseAcl(acl) ?? []).filter(({ isDefault }) => isDefault)];
}

/** The whole list; only directories have default entries. */
function readAcl(value: string, isDirectory: boolean): AclEntry[] {
  const entries = completeAcl(parseAcl(value) ?? []);
  const isPermitted = isDirectory || entries?.every(({ isDefault }) => !isDefault) === true;
  if (entries === undefined || !isPermitted) throw invalidHeader("x-ms-acl", value);
  return entries;
}

/** 403 unless the caller may change what the request changes, at every path. */
function requireChange(request: DfsRequest, paths: readonly Guarded[]): void {
  const changesOwner = header(request, "x-ms-owner") !== undefined || header(request, "x-ms-group") !== undefined;
  if (changesOwner) authorize(request, DFS_RIGHTS.changeOwner);
  if (header(request, "x-ms-permissions") === undefined && header(request, "x-ms-acl") === undefined) return;
  const { caller } = request;
  const owner = caller.kind === "principal" ? caller.token.principalId : undefined;
  const ownsAll = paths.every(({ access }) => access.owner === owner);
  authorize(request, ownsAll ? DFS_RIGHTS.writePath : DFS_RIGHTS.changePermissions);
}

/** How a list is changed: replaced, or entries added or removed. */
type Mode = "set" | "modify" | "remove";

/** 200 with counts; `x-ms-continuation` when more paths are left than `maxRecords`. */
export function setAccessControlRecursive(request: DfsRequest): Reply {
  requireNoBody(request);
  const mode = request.call.query.get("mode")?.toLowerCase();
  if (mode !== "set" && mode !== "modify" && mode !== "remove") throw invalidQuery("mode", mode ?? null);
  booleanQuery(request, "forceFlag"); // no path fails alone: without the right to change all of them, none is changed
  const value = requiredHeader(request, "x-ms-acl");
  const size = pageSizeQuery(request, "maxRecords", MOST_RECORDS);
  const from = readContinuation(request);
  const top = openGuarded(request);
  const below = top.isDirectory ? [...blobsBelow(blobsOf(request), request.blob)].map(guarded) : [];
  const left = [top, ...below].filter(({ blob }) => (blob?.name ?? "") >= from);
  const page = left.slice(0, size);
  requireChange(request, page);
  for (const { access, isDirectory, setAccess } of page) {
    setAccess({ ...access, acl: writeAcl(changedAcl(access, { mode, value, isDirectory })) });
  }
  const next = left[size]?.blob?.name;
  const headers: Record<string, string> = next === undefined ? {} : { "x-ms-continuation": writeMarker(next) };
  const directoriesSuccessful = page.filter(({ isDirectory }) => isDirectory).length;
  const filesSuccessful = page.length - directoriesSuccessful;
  return { status: 200, headers, body: { directoriesSuccessful, filesSuccessful, failureCount: 0, failedEntries: [] } };
}

interface AclChange {
  readonly mode: Mode;
  readonly value: string;
  readonly isDirectory: boolean;
}

function changedAcl({ acl }: PathAccess, { mode, value, isDirectory }: AclChange): AclEntry[] {
  const before = parseAcl(acl) ?? [];
  const sent = mode === "remove" ? parseAclNames(value) : parseAcl(value);
  if (sent === undefined) throw invalidHeader("x-ms-acl", value);
  const wanted = isDirectory ? sent : sent.filter((each) => !each.isDefault);
  const kept = mode === "set" ? [] : before.filter((each) => !wanted.some((other) => isSameEntry(each, other)));
  const merged = mode === "remove" ? kept : [...kept, ...wanted];
  const entries = completeAcl(merged.filter((each) => each.type !== "mask" || wanted.includes(each)));
  if (entries === undefined) throw invalidHeader("x-ms-acl", value);
  return entries;
}
