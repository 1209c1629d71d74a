/**
 * Which roles are the workloads' where `--role` names none: `keyless-csi roles` lets the controller assign and remove just
 * these, and the controller assigns and removes them.
 */
import type { Settings } from "./settings.ts";

/** The roles of workloads, by their GUIDs. */
export interface WorkloadRoles {
  /** The one to assign. */
  readonly roleId: string;
  /** Assigned as long as `roleId` does not exist. */
  readonly earlierRoleId?: string;
  /** What workloads may have been assigned before, `earlierRoleId` among them: to be removed with their volumes. */
  readonly formerRoleIds: readonly string[];
  readonly rolePrefix: string;
}

/** What creates the role of a subscription: the command's own default is the subscription that it is run for. */
export function rolesCommand(
  { rolePrefix, subscriptionId: own }: Pick<Settings, "rolePrefix" | "subscriptionId">,
  subscriptionId: string,
): string {
  const isDefault = rolePrefix === undefined || (rolePrefix === own && subscriptionId === own);
  return isDefault ? "keyless-csi roles" : `keyless-csi roles --role-prefix=${rolePrefix}`;
}

export interface RolePrefixes {
  /** `--role-prefix`, as it was given. */
  readonly rolePrefix: string | undefined;
  /** The controller's `--subscription-id`: the prefix that holds where none is given. */
  readonly subscriptionId: string;
}

/**
 * Version 0.1 had no prefix. An installation of it that is upgraded without a flag has only the role without one, so
 * that goes on being assigned until `keyless-csi roles` is applied again. A prefix that was given is meant: there nothing
 * stands in for it.
 */
export function defaultRoles(
  idOf: (prefix: string) => string,
  { rolePrefix, subscriptionId }: RolePrefixes,
): WorkloadRoles {
  const prefix = rolePrefix ?? subscriptionId;
  const roleId = idOf(prefix);
  const others = [idOf(""), idOf(subscriptionId)].filter((id) => id !== roleId);
  return {
    roleId,
    ...(rolePrefix === undefined && { earlierRoleId: idOf("") }),
    formerRoleIds: others,
    rolePrefix: prefix,
  };
}
