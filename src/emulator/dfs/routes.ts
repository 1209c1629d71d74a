/**
 * Which operation a Data Lake call is: its method, what it is for, `resource`, and `action` name one row of this table.
 */

import type { Right } from "../blob/auth/rights.ts";
import type { Address } from "../blob/http/request.ts";
import type { Call, Reply } from "../http/call.ts";
import { header } from "../storage/headers.ts";
import {
  createFilesystem,
  deleteFilesystem,
  getFilesystemProperties,
  listFilesystems,
  setFilesystemProperties,
} from "./filesystems.ts";
import { setAccessControl, setAccessControlRecursive } from "./paths/access-control.ts";
import { appendData, flushData } from "./paths/append.ts";
import { createPath } from "./paths/create.ts";
import { deletePath } from "./paths/delete.ts";
import { listPaths } from "./paths/list.ts";
import { checkAccess, getAccessControl, getPathProperties, readPath } from "./paths/read.ts";
import { renamePath } from "./paths/rename.ts";
import { leasePath, setPathProperties } from "./paths/update.ts";
import type { DfsRequest } from "./request.ts";
import { DFS_RIGHTS } from "./rights.ts";

/** One operation. */
export interface DfsOperation {
  /** As the call log names it. */
  readonly name: string;
  readonly right: Right;
  /** Whether it is about paths, which only accounts with a hierarchical namespace have here. */
  readonly isOnPaths: boolean;
  readonly run: (request: DfsRequest) => Reply | Promise<Reply>;
}

const onFilesystem = (name: string, right: Right, run: DfsOperation["run"]): DfsOperation => {
  return { name: `filesystems/${name}`, right, isOnPaths: false, run };
};
const onPath = (name: string, right: Right, run: DfsOperation["run"]): DfsOperation => {
  return { name: `paths/${name}`, right, isOnPaths: true, run };
};

const READ_ACCESS = onPath("getAccessControl", DFS_RIGHTS.readAccess, getAccessControl);
const SET_ACCESS = onPath("setAccessControl", DFS_RIGHTS.changeAccess, setAccessControl);
const SET_ACCESS_BELOW = onPath("setAccessControlRecursive", DFS_RIGHTS.changeAccess, setAccessControlRecursive);
const GET_PROPERTIES = onPath("getProperties", DFS_RIGHTS.readPath, getPathProperties);
const GET_STATUS = onPath("getStatus", DFS_RIGHTS.readPath, getPathProperties);

/** Key: service, filesystem or path; method; `resource` for filesystems, else `action`. */
const OPERATIONS: Readonly<Record<string, DfsOperation>> = {
  "service GET account": onFilesystem("list", DFS_RIGHTS.listFilesystems, listFilesystems),
  "filesystem PUT filesystem": onFilesystem("create", DFS_RIGHTS.createFilesystem, createFilesystem),
  "filesystem HEAD filesystem": onFilesystem("getProperties", DFS_RIGHTS.readFilesystem, getFilesystemProperties),
  "filesystem PATCH filesystem": onFilesystem("setProperties", DFS_RIGHTS.writeFilesystem, setFilesystemProperties),
  "filesystem DELETE filesystem": onFilesystem("delete", DFS_RIGHTS.deleteFilesystem, deleteFilesystem),
  "filesystem GET filesystem": onPath("list", DFS_RIGHTS.listPaths, listPaths),

  // The root of a filesystem, which has access control and nothing else to change.
  "filesystem HEAD getaccesscontrol": READ_ACCESS,
  "filesystem HEAD getstatus": GET_STATUS,
  "filesystem HEAD getproperties": GET_PROPERTIES,
  "filesystem PATCH setaccesscontrol": SET_ACCESS,
  "filesystem PATCH setaccesscontrolrecursive": SET_ACCESS_BELOW,

  "path PUT": onPath("create", DFS_RIGHTS.createPath, createPath),
  "path PUT rename": onPath("rename", DFS_RIGHTS.createPath, renamePath),
  "path GET": onPath("read", DFS_RIGHTS.readPath, readPath),
  "path HEAD": GET_PROPERTIES,
  "path HEAD getproperties": GET_PROPERTIES,
  "path HEAD getstatus": GET_STATUS,
  "path HEAD getaccesscontrol": READ_ACCESS,
  "path HEAD checkaccess": onPath("checkAccess", DFS_RIGHTS.readPath, checkAccess),
  "path DELETE": onPath("delete", DFS_RIGHTS.deletePath, deletePath),
  "path POST": onPath("lease", DFS_RIGHTS.leasePath, leasePath),
  "path PATCH append": onPath("append", DFS_RIGHTS.writePath, appendData),
  "path PATCH flush": onPath("flush", DFS_RIGHTS.writePath, flushData),
  "path PATCH setproperties": onPath("setProperties", DFS_RIGHTS.writePath, setPathProperties),
  "path PATCH setaccesscontrol": SET_ACCESS,
  "path PATCH setaccesscontrolrecursive": SET_ACCESS_BELOW,
};

/** All operations, as the call log names them. */
export const OPERATION_NAMES: readonly string[] = Object.values(OPERATIONS).map(({ name }) => name);

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"]);

/** The operation of a call, read from its head; undefined when there is none. */
export function findDfsOperation(call: Call, { level }: Address): DfsOperation | undefined {
  const action = call.query.get("action")?.toLowerCase();
  const resource = call.query.get("resource")?.toLowerCase();
  if (level === "blob") {
    const isRename = call.method === "PUT" && header({ call }, "x-ms-rename-source") !== undefined;
    const rest = isRename ? "rename" : action;
    return OPERATIONS[`path ${call.method}${rest === undefined ? "" : ` ${rest}`}`];
  }
  const kind = level === "container" ? "filesystem" : "service";
  const rest = resource ?? action;
  return OPERATIONS[`${kind} ${call.method}${rest === undefined ? "" : ` ${rest}`}`];
}

/** Whether the service has the method at all. */
export function isKnownMethod(method: string): boolean {
  return METHODS.has(method);
}

/**
 * Whether a call on a host that Blob and Data Lake share is for the latter. The SDKs ask both services of one address
 * there and only the form of the calls distinguishes them.
 */
export function isDataLakeCall({ query, headers }: Call): boolean {
  if (headers["x-ms-rename-source"] !== undefined) return true;
  return ["resource", "action", "recursive"].some((name) => query.has(name)) && !query.has("comp");
}
