/**
 * Who may open a volume: step "access" of CreateVolume, and the first step of DeleteVolume. A grant is a role assignment
 * at the container, or at the account where an account serves one namespace or one volume; it is named after scope,
 * principal and role, so that ours are known by their names alone.
 */
import { DriverError } from "../errors.ts";
import { accountId } from "./formats/arm-ids.ts";
import { containerId, roleAssignmentName } from "./names.ts";
import type { AccountRef, ContainerRef, Ports, RoleAssignment, Settings, WorkloadIdentity } from "./ports.ts";
import type { VolumeClass } from "./volume-class.ts";

/** What a role assignment for the identity looks like; the same on every retry. */
export function grantFor(
  container: ContainerRef,
  identity: WorkloadIdentity,
  grantScope: VolumeClass["grantScope"],
  settings: Settings,
): RoleAssignment {
  const scope = grantScope === "account" ? accountId(container.account) : containerId(container);
  const { principalId } = identity;
  const name = roleAssignmentName(scope, principalId, settings.roleId);
  return { name, scope, roleId: settings.roleId, principalId };
}

/**
 * Makes the grant unless it is there. `isNewScope` saves the look before the write. Throws Internal when an assignment of
 * that name says something else: nothing is deleted then, since it is not what we made.
 */
export async function ensureGrant(
  ports: Ports,
  grant: RoleAssignment,
  options: { readonly isNewScope: boolean; readonly description: string },
): Promise<void> {
  const existing = options.isNewScope ? undefined : await ports.roleAssignments.find(grant.scope, grant.name);
  if (existing === undefined) {
    ports.observer.roleAssignmentCreated(grant, await ports.roleAssignments.create(grant, options.description));
    return;
  }
  if (!isSameGrant(existing, grant)) {
    throw new DriverError(
      "Internal",
      `role assignment ${grant.name} at ${grant.scope} names principal ${existing.principalId} and role ${existing.roleId}, ` +
        `not ${grant.principalId} and ${grant.roleId}: somebody else holds our computed name; remove it by hand`,
    );
  }
  ports.observer.roleAssignmentCreated(grant, "found");
}

/** Removes what an earlier attempt granted at the container to another identity: the ServiceAccount was changed since. */
export async function removeOtherGrants(ports: Ports, container: ContainerRef, grant: RoleAssignment): Promise<void> {
  const { atContainer } = await findOurGrants(ports, container);
  await removeGrants(
    ports,
    atContainer.filter((other) => !isSameGrant(other, grant)),
  );
}

/** The grants that we made, at the container itself and at its account, by one call. Others are an administrator's. */
export async function findOurGrants(
  ports: Ports,
  container: ContainerRef,
): Promise<{ readonly atContainer: readonly RoleAssignment[]; readonly atAccount: readonly RoleAssignment[] }> {
  const grants = (await ports.roleAssignments.listAtAndAbove(containerId(container))).filter(isOurGrant);
  const at = (scope: string) => grants.filter((grant) => grant.scope.toLowerCase() === scope.toLowerCase());
  return { atContainer: at(containerId(container)), atAccount: at(accountId(container.account)) };
}

/** One by one: a fault leaves the rest for the next attempt. */
export async function removeGrants(
  ports: Pick<Ports, "roleAssignments" | "observer">,
  grants: readonly RoleAssignment[],
): Promise<void> {
  for (const grant of grants) {
    await ports.roleAssignments.remove(grant);
    ports.observer.roleAssignmentRemoved(grant);
  }
}

/** Removes our grants at an account that was just made: an earlier account of its name has left them. */
export async function removeStaleGrants(
  ports: Pick<Ports, "roleAssignments" | "observer">,
  account: AccountRef,
): Promise<void> {
  const scope = accountId(account).toLowerCase();
  const grants = await ports.roleAssignments.listAtAndAbove(accountId(account));
  const stale = grants.filter((grant) => isOurGrant(grant) && grant.scope.toLowerCase() === scope);
  await removeGrants(ports, stale);
}

/** Whether the name follows from scope, principal and role, as only ours do. */
export function isOurGrant({ name, scope, principalId, roleId }: RoleAssignment): boolean {
  return name.toLowerCase() === roleAssignmentName(scope, principalId, roleId);
}

function isSameGrant(a: RoleAssignment, b: RoleAssignment): boolean {
  const identityOf = ({ scope, principalId, roleId }: RoleAssignment) =>
    `${scope}|${principalId}|${roleId}`.toLowerCase();
  return identityOf(a) === identityOf(b);
}
