/** Management locks, at any scope. What they refuse is decided in `front-door/locks.ts`. */

import { coversScope } from "../../authorization/scopes.ts";
import type { Reply } from "../../http/call.ts";
import type { ManagementLock } from "../../management-lock.ts";
import { ArmError, badRequest } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { pageReply } from "../front-door/paging.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Authorization/locks";
const ALL = "{scope}/providers/Microsoft.Authorization/locks";
const ITEM = `${ALL}/{name}`;

/** REST: Management Locks - List, Get, Create Or Update, Delete By Scope. */
export const lockRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "locks/list", listLocks],
  ["GET", ITEM, "read", "locks/get", getLock],
  ["PUT", ITEM, "write", "locks/create", putLock, "lock"],
  ["DELETE", ITEM, "delete", "locks/delete", deleteLock],
]);

function getLock(request: ArmRequest): Reply {
  const lock = request.services.world.locks.get(request.path.toLowerCase());
  if (lock !== undefined) return { status: 200, body: lockView(lock) };
  throw new ArmError(404, "LockNotFound", `The lock '${request.params["name"]}' could not be found.`);
}

/** Locks at, above and below the scope; `$filter=atScope()` omits those below. */
function listLocks(request: ArmRequest): Reply {
  const scope = request.params["scope"] ?? "";
  const atScope = /atScope\(\)/i.test(request.call.query.get("$filter") ?? "");
  const locks = [...request.services.world.locks.values()].filter(
    (lock) => coversScope(lock.scope, scope) || (!atScope && coversScope(scope, lock.scope)),
  );
  return pageReply(
    request,
    locks.map((lock) => ({ key: lock.id.toLowerCase(), view: lockView(lock) })),
  );
}

function putLock(request: ArmRequest): Reply {
  const sent = objectAt(request.body, "properties");
  const level = stringAt(sent, "level");
  if (level !== "CanNotDelete" && level !== "ReadOnly") {
    throw badRequest("InvalidLockLevel", `The lock level '${level ?? ""}' is not valid: CanNotDelete or ReadOnly.`);
  }
  const { scope = "", name = "" } = request.params;
  const notes = stringAt(sent, "notes");
  const existed = request.services.world.locks.has(request.path.toLowerCase());
  const lock: ManagementLock = { id: request.path, name, scope, level, ...(notes === undefined ? {} : { notes }) };
  request.services.world.locks.set(lock.id.toLowerCase(), lock);
  return { status: existed ? 200 : 201, body: lockView(lock) };
}

/** 204 when there is none. */
function deleteLock(request: ArmRequest): Reply {
  return { status: request.services.world.locks.delete(request.path.toLowerCase()) ? 200 : 204 };
}

function lockView({ id, name, level, notes }: ManagementLock): object {
  return { id, name, type: TYPE, properties: { level, ...(notes === undefined ? {} : { notes }) } };
}
