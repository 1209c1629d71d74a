/** Which role a workload is assigned: checked before the first write. */
import { DriverError } from "../../errors.ts";
import { createRole } from "../../text/missing-role.ts";
import { rolesCommand } from "../default-roles.ts";
import type { Dependencies } from "../dependencies.ts";
import type { ResourceGroupRef } from "../ports.ts";

/** GUID of the role to assign. Throws Misconfigured when there is none in the group's subscription. */
export async function ensureRole(
  { ports, settings }: Pick<Dependencies, "ports" | "settings">,
  group: ResourceGroupRef,
): Promise<string> {
  const { roleId, earlierRoleId } = settings;
  const wanted = earlierRoleId === undefined ? [roleId] : [roleId, earlierRoleId];
  const found = await ports.roleAssignments.findRole(group, wanted);
  if (found !== undefined) return found;
  throw new DriverError(
    "Misconfigured",
    `role ${roleId} does not exist in subscription ${group.subscriptionId}: ` +
      createRole(rolesCommand(settings, group.subscriptionId)),
  );
}
