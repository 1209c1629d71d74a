/** Whom the role assignments of a resource group let in where: looked up once for each of thousands of volumes. */
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { FileSystemRef, RoleAssignment } from "../ports.ts";

/** Whether the principal has access to the file system. */
export type Grants = (fileSystem: FileSystemRef, principalId: string) => boolean;

/**
 * In doubt there is access. At the file system and its account any role counts, since an administrator may have chosen another;
 * elsewhere, that is above them, those that this controller assigns.
 */
export function readGrants({ backend, settings }: Dependencies, assigned: readonly RoleAssignment[]): Grants {
  const roles = [settings.roleId, settings.earlierRoleId, ...settings.formerRoleIds];
  const held = new Set<string>();
  for (const { principalId, scope, roleId } of assigned) {
    const at = backend.parseScope(scope);
    if (at !== undefined) held.add(keyOf(principalId, accountKey(at.account), at.fileSystem));
    else if (roles.includes(roleId)) held.add(keyOf(principalId));
  }
  return ({ account, name }, principalId) =>
    [keyOf(principalId), keyOf(principalId, accountKey(account)), keyOf(principalId, accountKey(account), name)].some(
      (key) => held.has(key),
    );
}

function keyOf(principalId: string, account = "", fileSystem = ""): string {
  return `${principalId.toLowerCase()} ${account} ${fileSystem}`;
}
