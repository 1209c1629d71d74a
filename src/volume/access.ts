/**
 * Who may open a volume: steps "identity" and "access" of CreateVolume, and the first step of DeleteVolume. A grant is a
 * role assignment at the container's own scope, named after scope, principal and role.
 */
import { DriverError } from "../errors.ts";
import { containerId, roleAssignmentName } from "./names.ts";
import type { ContainerRef, Ports, RoleAssignment, Settings, WorkloadIdentity } from "./ports.ts";
import type { VolumeClass } from "./volume-class.ts";

/** The identity that the class names. Throws Misconfigured when it cannot be found or the role does not exist. */
export async function ensureIdentity(
  ports: Ports,
  volumeClass: VolumeClass,
  settings: Settings,
): Promise<WorkloadIdentity> {
  const { clientId, tenantId, principalId, subscriptionId } = volumeClass;
  const identity =
    principalId === undefined ? await findIdentity(ports, clientId) : { clientId, tenantId, principalId };
  if (!(await ports.roleAssignments.roleExists(subscriptionId, settings.roleId))) {
    throw new DriverError(
      "Misconfigured",
      `role ${settings.roleId} does not exist in subscription ${subscriptionId}: create it with the output of ` +
        "`keyless-csi roles`, or name another with --role",
    );
  }
  return identity;
}

async function findIdentity(ports: Ports, clientId: string): Promise<WorkloadIdentity> {
  const identity = await ports.identities.findByClientId(clientId);
  if (identity !== undefined) return identity;
  throw new DriverError(
    "Misconfigured",
    `clientID "${clientId}" is not the client id of a user-assigned identity that the controller can read: correct it, ` +
      "give the controller read access to the identity, or set principalID to its object id",
  );
}

/** What a role assignment of the identity at the container looks like; the same on every retry. */
export function grantFor(container: ContainerRef, identity: WorkloadIdentity, settings: Settings): RoleAssignment {
  const scope = containerId(container);
  const { principalId } = identity;
  const name = roleAssignmentName(scope, principalId, settings.roleId);
  return { name, scope, roleId: settings.roleId, principalId };
}

/**
 * Makes the grant unless it is there. `isNewContainer` saves the look before the write. Throws Internal when an assignment
 * of that name says something else: nothing is deleted then, since it is not what we made.
 */
export async function ensureGrant(
  ports: Ports,
  grant: RoleAssignment,
  options: { readonly isNewContainer: boolean; readonly description: string },
): Promise<void> {
  const existing = options.isNewContainer ? undefined : await ports.roleAssignments.find(grant.scope, grant.name);
  if (existing === undefined) {
    ports.observer.granted(grant, await ports.roleAssignments.create(grant, options.description));
    return;
  }
  if (!isSameGrant(existing, grant)) {
    throw new DriverError(
      "Internal",
      `role assignment ${grant.name} at ${grant.scope} names principal ${existing.principalId} and role ${existing.roleId}, ` +
        `not ${grant.principalId} and ${grant.roleId}: somebody else holds our computed name; remove it by hand`,
    );
  }
  ports.observer.granted(grant, "found");
}

/**
 * Removes the grants at the container that we made: those whose name follows from their own scope, principal and role.
 * Others are an administrator's and stay.
 */
export async function removeGrants(ports: Ports, container: ContainerRef): Promise<void> {
  const grants = await ports.roleAssignments.listAt(containerId(container));
  for (const grant of grants.filter(isOurGrant)) {
    await ports.roleAssignments.remove(grant);
    ports.observer.revoked(grant);
  }
}

function isOurGrant({ name, scope, principalId, roleId }: RoleAssignment): boolean {
  return name.toLowerCase() === roleAssignmentName(scope, principalId, roleId);
}

function isSameGrant(a: RoleAssignment, b: RoleAssignment): boolean {
  const identityOf = ({ scope, principalId, roleId }: RoleAssignment) =>
    `${scope}|${principalId}|${roleId}`.toLowerCase();
  return identityOf(a) === identityOf(b);
}
