/**
 * Roles that were written or assigned minutes ago: Azure's replicas learn of them one by one, so that one call is refused and
 * the next one is not (azure-cli 20727; "Troubleshoot Azure RBAC": up to 10 minutes). An administrator who installs
 * the controller has just done both, so its first refusals prove nothing.
 */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";

/** After the start of the process, by a monotonic clock. */
const SETTLED_AFTER_MS = 600_000;

/** The caller's right, at ARM and at the Blob service, and the role that is assigned or looked for. */
const SETTLING_CODES: readonly unknown[] = [
  "AuthorizationFailed",
  "LinkedAuthorizationFailed",
  "AuthorizationPermissionMismatch",
  "RoleDefinitionDoesNotExist",
  "RoleAssignmentScopeNotAssignableToRoleDefinition",
];

/** Whether a code of ARM is of a right or a role that is missing, and may be one that is only not known everywhere yet. */
export function isOfRoles(code: string | undefined): boolean {
  return SETTLING_CODES.includes(code);
}

/** On answers to us alone: an error carries its response to where it is judged. */
const HEADER = "x-keyless-csi-settling";

/** Marks what is refused within ten minutes from now on. */
export function createSettlingMark(now: () => number): PipelinePolicy {
  const settledAt = now() + SETTLED_AFTER_MS;
  return {
    name: "keyless-csi-settling",
    async sendRequest(request, next) {
      const response = await next(request);
      if (now() < settledAt) response.headers.set(HEADER, "true");
      else response.headers.delete(HEADER);
      return response;
    },
  };
}

/** Whether an error with this code of ARM may pass by itself, since Azure may still be settling. */
export function maySettle(error: unknown, code: string | undefined): boolean {
  const { response } = error as { readonly response?: { readonly headers?: { has?(name: string): boolean } } };
  return isOfRoles(code) && response?.headers?.has?.(HEADER) === true;
}
