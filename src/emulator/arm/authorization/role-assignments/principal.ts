/** The principal of a role assignment: whether the directory knows it already, and its type. */
import { badRequest } from "../../front-door/errors.ts";
import type { ArmRequest } from "../../provider.ts";

const TYPES = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device", "AgentUser", "AgentServicePrincipal"];

/**
 * The type to store. Sending a type permits a principal that has not replicated yet (or never will);
 * without it the principal must be known: 400 PrincipalNotFound.
 */
export function findPrincipalType(request: ArmRequest, principalId: string, sent: string | undefined): string {
  const { clock, settings, world } = request.services;
  const principal = world.principals.get(principalId);
  const isReplicated = principal !== undefined && clock.now() >= principal.createdAt + settings.principalReplicationMs;
  if (!isReplicated && sent === undefined) throw principalNotFound(request, principalId);
  if (principal !== undefined && sent !== undefined && sent !== "ServicePrincipal") {
    throw badRequest(
      "UnmatchedPrincipalType",
      `The PrincipalId '${principalId.replaceAll("-", "")}' has type 'ServicePrincipal' , which is different from ` +
        `specified PrinciaplType '${sent}'.`,
    );
  }
  return sent ?? "ServicePrincipal";
}

/** Throws 400 for what is no type, also where it would change nothing. */
export function requirePrincipalType(sent: string | undefined): void {
  if (sent === undefined || TYPES.includes(sent)) return;
  throw badRequest("InvalidPrincipalType", `The principal type '${sent}' is not valid.`);
}

function principalNotFound(request: ArmRequest, principalId: string) {
  return badRequest(
    "PrincipalNotFound",
    `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${request.caller.tenantId}. Check that ` +
      "you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this " +
      "error might be related to a replication delay. In this case, set the role assignment principalType property to a " +
      "value, such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
  );
}
