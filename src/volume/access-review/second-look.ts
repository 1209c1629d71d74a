/** Single reads of what a list does not show, or shows still: Azure's lists lag, and nothing is reported for that alone. */
import { inRolesOf } from "../access/own-assignment.ts";
import { ourRoleAssignment } from "../access/role-assignments.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId } from "../formats/arm-ids.ts";
import type { FileSystemRef, RoleAssignment } from "../ports.ts";
import type { Access, Mount, ReviewedVolume } from "./access.ts";

/** Of the 250 reads that ARM allows a principal at once. What is beyond is believed as the list has it. */
const READS = 100;

export interface SecondLook {
  /** What this controller assigns to the identity, at the file system or its account, although no list shows it. */
  findUnlisted(volume: Pick<ReviewedVolume, "account" | "name">, mount: Mount): Promise<RoleAssignment | undefined>;
  /** Whether one of this controller's that belongs to no PersistentVolume is still there: the volume is perhaps being deleted. */
  isThere(access: Access): Promise<boolean>;
}

/** Of one review. */
export function createSecondLook(deps: Dependencies): SecondLook {
  const { ports, settings, backend } = deps;
  let readsLeft = READS;
  const find = async ({ scope, name }: RoleAssignment) => {
    readsLeft -= 1;
    return await ports.roleAssignments.find(scope, name);
  };
  /** What CreateVolume assigns today, which alone is new enough for a list to lag behind. */
  const candidates = (place: FileSystemRef, principalId: string) =>
    [backend.scopeOf(place), accountId(place.account)].flatMap((scope) =>
      inRolesOf(deps, ourRoleAssignment(scope, { principalId, roleId: settings.roleId })),
    );
  return {
    async findUnlisted({ account, name }, { identity }) {
      if (identity === undefined || name === undefined) return undefined;
      for (const asked of candidates({ account, name }, identity.principalId)) {
        const found = readsLeft > 0 ? await find(asked) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    },
    isThere: async ({ assignment }) => readsLeft <= 0 || (await find(assignment)) !== undefined,
  };
}
