/** Which role assignments open which file systems: looked up once for each of thousands of volumes. */
import { isOurRoleAssignment } from "../access/role-assignments.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId, accountKey } from "../formats/arm-ids.ts";
import type { AccountRef, DataRole, ListedRoleAssignment } from "../ports.ts";
import type { Grant, Level } from "./access.ts";

/** What a resource group's lists of role assignments and of roles have shown. What opens no data is left out. */
export interface Grants {
  /** Those at the scope itself and at everything above it. */
  opening(scope: string): readonly Grant[];
  /** Names of the file systems in the account that anything is assigned at. */
  fileSystemsIn(account: AccountRef, which: "all" | "ours"): readonly string[];
  /** As a grant, where no list shows it. */
  toGrant(assignment: ListedRoleAssignment): Grant;
}

export function indexGrants(
  { backend }: Pick<Dependencies, "backend">,
  listed: readonly ListedRoleAssignment[],
  roles: readonly DataRole[],
): Grants {
  const roleOf = readRoles(backend, roles);
  const toGrant = (assignment: ListedRoleAssignment): Grant => {
    return { assignment, role: roleOf(assignment.roleId), isOurs: isOurRoleAssignment(assignment) };
  };
  const opening = listed.map(toGrant).filter(({ role }) => role?.rights.length !== 0);
  const byScope = Map.groupBy(opening, ({ assignment }) => keyOf(assignment.scope));
  const places = opening.flatMap(({ assignment, isOurs }) => {
    const { account, fileSystem } = backend.parseScope(assignment.scope) ?? {};
    return account === undefined || fileSystem === undefined ? [] : [{ account, fileSystem, isOurs }];
  });
  const inAccount = Map.groupBy(places, ({ account }) => accountKey(account));
  return {
    opening: (scope) => scopesOver(scope).flatMap((each) => byScope.get(each) ?? []),
    fileSystemsIn(account, which) {
      const found = inAccount.get(accountKey(account)) ?? [];
      const names = found.filter(({ isOurs }) => isOurs || which === "all").map(({ fileSystem }) => fileSystem);
      return [...new Set(names)];
    },
    toGrant,
  };
}

/** A list has hundreds of built-in roles, of which few are assigned. */
function readRoles(backend: Dependencies["backend"], roles: readonly DataRole[]): (roleId: string) => Grant["role"] {
  const known = new Map(roles.map((role) => [role.id.toLowerCase(), role]));
  const read = new Map<string, Grant["role"]>();
  return (roleId) => {
    const id = roleId.toLowerCase();
    const role = known.get(id);
    if (!read.has(id)) read.set(id, role && { name: role.name, rights: backend.rightsOf(role.permissions) });
    return read.get(id);
  };
}

/** Management groups and the tenant's root are no prefix of an ARM id: a list at a resource group shows only those above it. */
function keyOf(scope: string): string {
  const key = scope.toLowerCase().replace(/\/+$/, "");
  return key.startsWith("/subscriptions/") ? key : "";
}

/** From the root to the scope itself, with everything between an account and its file systems: all of it can be a scope. */
function scopesOver(scope: string): string[] {
  const parts = keyOf(scope).split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Where a role assignment is that opens the file system, or the account where there is none. */
export function levelOf(scope: string, account: AccountRef, fileSystemScope: string | undefined): Level {
  const key = scope.toLowerCase();
  if (key === fileSystemScope?.toLowerCase()) return "file system";
  if (`${key}/`.startsWith(`${accountId(account)}/`.toLowerCase())) return "account";
  if (/^\/subscriptions\/[^/]+\/resourcegroups\/./.test(key)) return "resource group";
  if (key.startsWith("/subscriptions/")) return "subscription";
  return key.includes("/managementgroups/") ? "management group" : "tenant root";
}
