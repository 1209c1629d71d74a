/** Role assignments through ARM: the grant that opens a container for one identity. */
import type { RoleAssignment as ArmRoleAssignment } from "@azure/arm-authorization";
import type { RoleAssignment, RoleAssignments } from "../volume/ports.ts";
import type { Arm, SubscriptionClients } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";
import { createFlight, createMemory } from "./memory.ts";

export interface RoleAssignmentsOptions {
  readonly arm: Arm;
  /** How long the existence of a role is remembered once ARM has confirmed it. */
  readonly rememberMs: number;
  readonly now: () => number;
}

export function createRoleAssignments({ arm, rememberMs, now }: RoleAssignmentsOptions): RoleAssignments {
  const knownRoles = createMemory<true>(rememberMs, now);
  const asking = createFlight<boolean>();
  const clientFor = (scope: string) => arm.subscription(subscriptionOf(scope)).authorization.roleAssignments;
  return {
    find: (scope, name) => find(clientFor(scope), scope, name),
    create: (assignment, description) => create(clientFor(assignment.scope), assignment, description),
    listAtAndAbove: (scope) => listAtAndAbove(clientFor(scope), scope),
    remove: (assignment) => remove(clientFor(assignment.scope), assignment),
    roleExists(subscriptionId, roleId) {
      const key = `${subscriptionId}/${roleId}`.toLowerCase();
      if (knownRoles.get(key) !== undefined) return Promise.resolve(true);
      return asking(key, async () => {
        const exists = await roleExists(arm, subscriptionId, roleId);
        if (exists) knownRoles.set(key, true);
        return exists;
      });
    },
  };
}

type Client = SubscriptionClients["authorization"]["roleAssignments"];

async function find(client: Client, scope: string, name: string): Promise<RoleAssignment | undefined> {
  try {
    return toRoleAssignment(await client.get(sdkScope(scope), name));
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw toDriverError(error, `reading role assignment ${name} at ${scope}`);
  }
}

async function create(client: Client, assignment: RoleAssignment, description: string): Promise<"created" | "adopted"> {
  const { scope, name, roleId, principalId } = assignment;
  try {
    await client.create(sdkScope(scope), name, {
      roleDefinitionId: `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      principalId,
      // Without it ARM looks the principal up in Entra, where a new one may not be found yet (PrincipalNotFound).
      principalType: "ServicePrincipal",
      description,
    });
    return "created";
  } catch (error) {
    if (codeOf(error) === "RoleAssignmentExists") return "adopted";
    throw toDriverError(error, `assigning role ${roleId} to principal ${principalId} at ${scope}`);
  }
}

/** `atScope()` answers this scope and the ones above it, and leaves out what is below (REST: Role Assignments - List). */
async function listAtAndAbove(client: Client, scope: string): Promise<RoleAssignment[]> {
  try {
    const found: RoleAssignment[] = [];
    for await (const item of client.listForScope(sdkScope(scope), { filter: "atScope()" })) {
      found.push(toRoleAssignment(item));
    }
    return found;
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw toDriverError(error, `listing the role assignments at ${scope}`);
  }
}

async function remove(client: Client, { scope, name }: RoleAssignment): Promise<void> {
  try {
    await client.delete(sdkScope(scope), name);
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw toDriverError(error, `removing role assignment ${name} at ${scope}`);
  }
}

async function roleExists(arm: Arm, subscriptionId: string, roleId: string): Promise<boolean> {
  const { roleDefinitions } = arm.subscription(subscriptionId).authorization;
  try {
    await roleDefinitions.get(`subscriptions/${subscriptionId}`, roleId);
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw toDriverError(error, `reading role ${roleId} in subscription ${subscriptionId}`);
  }
}

/** The SDK puts a slash before the scope itself. */
function sdkScope(scope: string): string {
  return scope.replace(/^\//, "");
}

function subscriptionOf(scope: string): string {
  return /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1] ?? "";
}

function toRoleAssignment(item: ArmRoleAssignment): RoleAssignment {
  return {
    name: item.name ?? "",
    scope: item.scope ?? "",
    principalId: item.principalId ?? "",
    roleId: item.roleDefinitionId?.split("/").at(-1) ?? "",
  };
}
