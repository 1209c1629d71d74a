/** Role assignments through ARM: what lets one identity use one file system or account. */
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";
import { createRole } from "../text/missing-role.ts";
import { groupId, subscriptionOf } from "../volume/formats/arm-ids.ts";
import type { AskedRoleAssignments, ResourceGroupRef, RoleAssignment } from "../volume/ports.ts";
import type { Arm, SubscriptionClients } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";
import { intending } from "./intent.ts";
import { refusedRemoval } from "./refused-removal.ts";
import { createAssignmentLists, sdkScope, toRoleAssignment } from "./role-assignment-lists.ts";
import { maySettle } from "./settling.ts";

export interface RoleAssignmentsOptions {
  readonly arm: Arm;
  /** GUIDs of the roles that workloads are or were assigned, the present one first: for messages. */
  readonly roleIds: readonly string[];
  /** The command that creates the roles of a subscription: for messages. */
  readonly rolesCommand: (subscriptionId: string) => string;
  /** How long the existence of a role is remembered once ARM has confirmed it. */
  readonly rememberMs: number;
  /** How long a full subscription is taken for full, unless an assignment succeeds before. Default: a minute. */
  readonly fullMs?: number;
  readonly now: () => number;
}

/** Azure's limit is for the whole subscription and cannot be raised; room may become free at any time. */
const FULL_MS = 60_000;

export function createRoleAssignments({
  arm,
  roleIds,
  rolesCommand,
  rememberMs,
  fullMs = FULL_MS,
  now,
}: RoleAssignmentsOptions): AskedRoleAssignments {
  const knownRoles = createTtlCache<true>(rememberMs, now);
  const full = createTtlCache<true>(fullMs, now);
  const asking = createSingleFlight<boolean | DriverError>();
  const clientFor = (scope: string) => arm.subscription(subscriptionOf(scope)).authorization.roleAssignments;
  const ask = async (key: string, group: ResourceGroupRef, roleId: string) => {
    const found = await readRole(arm, group, { roleId, rolesCommand });
    if (found === true) knownRoles.set(key, true);
    return found;
  };
  return {
    find: (scope, name) => find(clientFor(scope), scope, name),
    async create(assignment, description) {
      try {
        const how = await create(clientFor(assignment.scope), assignment, description);
        if (how === "created") full.delete(subscriptionOf(assignment.scope).toLowerCase());
        return how;
      } catch (error) {
        if (isLimit(error)) full.set(subscriptionOf(assignment.scope).toLowerCase(), true);
        throw error;
      }
    },
    assertRoom(subscriptionId) {
      if (full.get(subscriptionId.toLowerCase()) !== undefined) throw subscriptionFull(subscriptionId);
    },
    ...createAssignmentLists(arm),
    remove: (assignment) => remove(clientFor(assignment.scope), assignment, roleIds),
    async findRole(group, roleIds) {
      let hidden: DriverError | undefined;
      for (const roleId of roleIds) {
        const key = `${group.subscriptionId}/${group.resourceGroup}/${roleId}`.toLowerCase();
        const found = knownRoles.get(key) ?? (await asking.run(key, () => ask(key, group, roleId)));
        if (found === true) return roleId;
        hidden ??= found === false ? undefined : found;
      }
      if (hidden !== undefined) throw hidden;
      return undefined;
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

async function create(
  client: Client,
  assignment: RoleAssignment,
  description: string,
): Promise<"created" | "adopted" | "found"> {
  const { scope, name, roleId, principalId } = assignment;
  try {
    const body = {
      roleDefinitionId: `/subscriptions/${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      principalId,
      // Without it ARM looks the principal up in Entra, where a new one may not be found yet (PrincipalNotFound).
      principalType: "ServicePrincipal",
      description,
    };
    await intending({ principalId, roleId }, () => client.create(sdkScope(scope), name, body));
    return "created";
  } catch (error) {
    const code = codeOf(error);
    if (code === "RoleAssignmentExists") return isNamed(error, name) ? "found" : "adopted";
    if (code === LIMIT_CODE) throw subscriptionFull(subscriptionOf(scope), error);
    throw toDriverError(error, `assigning role ${roleId} to principal ${principalId} at ${scope}`);
  }
}

/** The conflict names the assignment that is in the way, without dashes ("Troubleshoot Azure RBAC"). */
function isNamed(error: unknown, name: string): boolean {
  return String((error as Error).message)
    .toLowerCase()
    .includes(name.replaceAll("-", "").toLowerCase());
}

/** Azure RBAC limits: role assignments in a subscription, at all scopes in it. */
export const LIMIT = 4000;
const LIMIT_CODE = "RoleAssignmentLimitExceeded";

function isLimit(error: unknown): boolean {
  return error instanceof DriverError && error.reason === "QuotaExhausted";
}

function subscriptionFull(subscriptionId: string, cause?: unknown): DriverError {
  return new DriverError(
    "QuotaExhausted",
    `subscription ${subscriptionId} holds as many role assignments as Azure allows (${LIMIT}, not to be raised): use a class ` +
      'with isolation "namespace" and grantScope "account", which needs one for each identity and account, or another subscription',
    { cause },
  );
}

/**
 * 200 with the removed assignment, 204 without one when there was none. Where there is none, a right under a condition may not
 * suffice to be told so (403): then a GET tells. Throws Forbidden for one that exists and may not be deleted.
 */
async function remove(client: Client, assignment: RoleAssignment, roleIds: readonly string[]): Promise<boolean> {
  const { scope, name, principalId, roleId } = assignment;
  try {
    const removed = await intending({ principalId, roleId }, () => client.delete(sdkScope(scope), name));
    return removed?.name !== undefined;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    if (statusOf(error) === 403 && (await find(client, scope, name)) === undefined) return false;
    // Nothing that settles: the right to read it, by which it was found, is of the same role.
    const failure = toDriverError(error, `removing role assignment ${name} at ${scope}`, { mayPass: false });
    throw failure.reason === "Forbidden" ? refusedRemoval(failure, assignment, roleIds) : failure;
  }
}

/**
 * Whether it exists, read at the resource group, so that no right at the whole subscription is needed. An error for one that
 * Azure may only not know everywhere yet: where another role serves as well, that matters to nobody.
 */
async function readRole(
  arm: Arm,
  group: ResourceGroupRef,
  { roleId, rolesCommand }: Pick<RoleAssignmentsOptions, "rolesCommand"> & { readonly roleId: string },
): Promise<boolean | DriverError> {
  const { subscriptionId, resourceGroup } = group;
  const { roleDefinitions } = arm.subscription(subscriptionId).authorization;
  try {
    await roleDefinitions.get(sdkScope(groupId(group)), roleId);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code !== "RoleDefinitionDoesNotExist") {
      throw toDriverError(error, `reading role ${roleId} at resource group ${resourceGroup}`);
    }
    if (!maySettle(error, code)) return false;
    return new DriverError(
      "Unavailable",
      `role ${roleId} does not exist in subscription ${subscriptionId} (${code}, HTTP 404): ` +
        `${createRole(rolesCommand(subscriptionId))}: it is tried again`,
      { cause: error },
    );
  }
}
