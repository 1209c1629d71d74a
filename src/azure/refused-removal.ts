/**
 * Why a role assignment may not be removed, and what to run. The condition of the controller's right names roles: after a
 * change of `--role` it may lack the role that older volumes are open by, and after one of `roles --principals` the principal.
 */
import { DriverError } from "../errors.ts";
import type { RoleAssignment } from "../volume/ports.ts";

/** `roleIds`: the roles of `--role`, the assigned one first. What to do comes first: an event is cut at its end. */
export function refusedRemoval(
  refusal: DriverError,
  { roleId, principalId }: RoleAssignment,
  roleIds: readonly string[],
): DriverError {
  const all = [...new Set([...roleIds, roleId.toLowerCase()])].join(",");
  return new DriverError(
    refusal.reason,
    `role ${roleId} may not be taken from principal ${principalId}: the controller's right may be limited to other roles or principals. ` +
      `Run \`keyless-csi roles --role ${all}\` with its other flags as before (add ${principalId} to --principals, where it has that), ` +
      `apply what it prints, and give the controller the same --role; ${refusal.message}`,
    { cause: refusal.cause, isUnfinished: refusal.isUnfinished },
  );
}
