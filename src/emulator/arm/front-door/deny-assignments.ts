/** Deny assignments: which calls they refuse, whatever roles the caller has ("List Azure deny assignments"). */
import { coversAction, coversScope } from "../../authorization/scopes.ts";
import type { ArmRequest } from "../provider.ts";
import { ArmError } from "./errors.ts";
import { lastSegment } from "./resource-ids.ts";

/** Throws 403 DenyAssignmentAuthorizationFailed, in the words that users of deployment stacks report. */
export function refuseWhenDenied({ services, caller, path }: ArmRequest, action: string): void {
  const { principalId, clientId } = caller;
  const denial = [...services.world.denyAssignments.values()].find(
    ({ scope, actions, notActions, excludePrincipals }) =>
      coversScope(scope, path) &&
      !excludePrincipals.includes(principalId) &&
      actions.some((pattern) => coversAction(pattern, action)) &&
      !notActions.some((pattern) => coversAction(pattern, action)),
  );
  if (denial === undefined) return;
  throw new ArmError(
    403,
    "DenyAssignmentAuthorizationFailed",
    `The client '${clientId}' with object id '${principalId}' has permission to perform action '${action}' on scope '${path}'; ` +
      `however, the access is denied because of the deny assignment with name '${denial.displayName}' and Id ` +
      `'${lastSegment(denial.id).replaceAll("-", "")}' at scope '${denial.scope}'.`,
  );
}
