/** What the controller of a configuration needs in Azure, by the table that `keyless-csi roles` prints. */
import { type RoleOption, selectRoles } from "../../azure/role-table.ts";
import type { ControllerConfig } from "../../config/controller.ts";
import type { NeededRight } from "../../doctor/ports.ts";
import { rolesCommand } from "../../volume/default-roles.ts";
import { allowedGroups } from "../../volume/settings.ts";
import { planRoles } from "../roles/role-plan.ts";

/** Of no consequence for actions and scopes. */
const ANY = "00000000-0000-0000-0000-000000000000";

export function neededRights(config: ControllerConfig): readonly NeededRight[] {
  const { subscriptionId, identityScopes, managesFederatedCredentials, rolePrefix = subscriptionId } = config;
  const options: RoleOption[] = ["identities", "trust"];
  if (managesFederatedCredentials) options.push("federated-credentials");
  if (config.orphans.cleansUp) options.push("orphans");
  const target = {
    subscriptionId,
    resourceGroups: allowedGroups(config),
    principalId: ANY,
    rolePrefix,
    identityScopes,
    grantableRoleIds: [ANY] as const,
    grantablePrincipalIds: [],
    furtherSubscriptions: [],
  };
  return planRoles(selectRoles(options, rolePrefix), target, []).assignments.flatMap(({ role, scope }) => {
    const command = `${rolesCommand({ rolePrefix, subscriptionId }, subscriptionId)}${withOption(role.option)}`;
    return role.actions.map(({ action, why }) => ({ action, why, scope, command }));
  });
}

function withOption(option: RoleOption | undefined): string {
  return option === undefined ? "" : ` --with ${option}`;
}
