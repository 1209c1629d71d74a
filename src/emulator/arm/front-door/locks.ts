/** Management locks: which calls a lock at a scope, above it or (for deletes) below it refuses. */
import { coversScope } from "../../authorization/scopes.ts";
import type { ManagementLock } from "../../management-lock.ts";
import type { ArmRequest, Route } from "../provider.ts";
import { conflict } from "./errors.ts";

/**
 * Throws 409 ScopeLocked. CanNotDelete refuses DELETE, ReadOnly also PUT, PATCH and POST; a lock applies to its scope
 * and all below it, and for a DELETE of something above it. Locks themselves can always be removed.
 */
export function refuseWhenLocked(request: ArmRequest, route: Route): void {
  if (route.method === "GET" || route.method === "HEAD" || route.type === "Microsoft.Authorization/locks") return;
  if (isReadByPost(route)) return;
  const isDelete = route.method === "DELETE";
  const inTheWay = [...request.services.world.locks.values()].filter((lock) => {
    if (!isDelete && lock.level !== "ReadOnly") return false;
    return coversScope(lock.scope, request.path) || (isDelete && coversScope(request.path, lock.scope));
  });
  if (inTheWay.length > 0) throw scopeLocked(request.path, isDelete ? "delete" : "write", inTheWay);
}

function isReadByPost(route: Route): boolean {
  return route.method === "POST" && (route.action === undefined || route.action.endsWith("/read"));
}

function scopeLocked(path: string, verb: string, locks: readonly ManagementLock[]) {
  const scopes = [...new Set(locks.map((lock) => lock.scope))].join(",");
  return conflict(
    "ScopeLocked",
    `The scope '${path}' cannot perform ${verb} operation because following scope(s) are locked: '${scopes}'. ` +
      "Please remove the lock and try again.",
  );
}
