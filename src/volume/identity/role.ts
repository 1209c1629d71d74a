/** Which role a workload is assigned: checked before the first write. */
import { DriverError } from "../../errors.ts";
import { createRole } from "../../text/missing-role.ts";
import type { VolumeClass } from "../class/volume-class.ts";
import { rolesCommand } from "../default-roles.ts";
import type { Dependencies } from "../dependencies.ts";

/** GUID of the role to assign. Throws Misconfigured when there is none in the class's subscription. */
export async function ensureRole({ ports, settings }: Dependencies, volumeClass: VolumeClass): Promise<string> {
  const { roleId, earlierRoleId } = settings;
  const wanted = earlierRoleId === undefined ? [roleId] : [roleId, earlierRoleId];
  const found = await ports.roleAssignments.findRole(volumeClass, wanted);
  if (found !== undefined) return found;
  throw new DriverError(
    "Misconfigured",
    `role ${roleId} does not exist in subscription ${volumeClass.subscriptionId}: ` +
      createRole(rolesCommand(settings, volumeClass.subscriptionId)),
  );
}
