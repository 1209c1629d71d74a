/**
 * Role assignments that outlive their account or file system. Azure may not let this controller delete them then, only an
 * identity with the right in the whole subscription (azure-service-operator 5009), and no retry changes that: they are
 * reported, and whatever waits for them goes on.
 */
import { DriverError, type Reason } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId } from "../formats/arm-ids.ts";
import type { AccountRef, RoleAssignment } from "../ports.ts";
import { isOurRoleAssignment, removeRoleAssignments } from "./role-assignments.ts";

/** A missing right, or a deny assignment or policy in its way: no later attempt finds it otherwise. */
const REFUSED: readonly Reason[] = ["Forbidden", "Misconfigured"];

/** Removes them as `removeRoleAssignments` does. Answers those that may not be removed and whose scope is gone; reported. */
export async function removeUnlessVanished(
  deps: Dependencies,
  assignments: readonly RoleAssignment[],
): Promise<RoleAssignment[]> {
  const left: RoleAssignment[] = [];
  for (const assignment of assignments) {
    try {
      await removeRoleAssignments(deps, [assignment]);
    } catch (error) {
      const isRefused = error instanceof DriverError && REFUSED.includes(error.reason);
      if (!isRefused || !(await isVanished(deps, assignment))) throw error;
      deps.ports.observer.roleAssignmentLeft(assignment, needsOwner([assignment]).message);
      left.push(assignment);
    }
  }
  return left;
}

/**
 * Before an account is deleted: removes what the controller has assigned at and in it, as far as a list shows it by now.
 * Answers what may not be removed: the account has to stay as long as there is any, since without it the scope is gone for
 * good.
 */
export async function removeAllIn(deps: Dependencies, account: AccountRef): Promise<RoleAssignment[]> {
  const listed = await deps.ports.roleAssignments.listAtAndBelow(accountId(account));
  return await removeUnlessVanished(deps, listed.filter(isOurRoleAssignment));
}

/** Whom to ask for the removal, and how. */
export function needsOwner(assignments: readonly RoleAssignment[]): DriverError {
  const ids = assignments.map(
    ({ scope, name }) => `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
  );
  return new DriverError(
    "Forbidden",
    "what this access was for is gone, and Azure does not let the controller remove the rest: an Owner of the subscription must, " +
      `with \`az role assignment delete --ids ${ids.join(" ")}\``,
  );
}

async function isVanished({ ports, backend }: Dependencies, { scope }: RoleAssignment): Promise<boolean> {
  const { account, fileSystem: name } = backend.parseScope(scope) ?? {};
  if (account === undefined) return false;
  if (name === undefined) return (await ports.accounts.find(account)) === undefined;
  return (await ports.fileSystems.find({ account, name })) === undefined;
}
