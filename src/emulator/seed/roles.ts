/** The custom roles of the seeded tenant: what an administrator of the product sets up before its first volume. */
import type { Permission, RoleDefinition } from "../world.ts";

/** The data-only role that volumes are granted. The product computes the same id for the seed's subscription. */
export const DATA_ROLE_ID = "ca9424a5-736b-5dda-98d6-2a3b31807fc1";

/** The same as the product had it before roles had prefixes: what such a version has left can be put into the emulator. */
export const EARLIER_DATA_ROLE_ID = "a42b9bc9-8c32-5e88-8eee-319364d6623a";

const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const CONTAINERS = `${ACCOUNTS}/blobServices/containers`;
const BLOBS = `${CONTAINERS}/blobs`;
const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";
const IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities";

interface CustomRole extends Partial<Permission> {
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
}

const DATA_ACTIONS = ["read", "write", "delete", "add/action", "move/action"].map((verb) => `${BLOBS}/${verb}`);

/** Controller role A (accounts and containers), B (role assignments), R (reads), the data roles, in this order. */
const ROLES: readonly CustomRole[] = [
  {
    name: "f0000000-0000-4000-8000-00000000000a",
    roleName: "keyless-csi Controller A",
    description: "Makes and deletes storage accounts and containers; can read no key.",
    actions: [
      `${ACCOUNTS}/read`,
      `${ACCOUNTS}/write`,
      `${ACCOUNTS}/delete`,
      `${ACCOUNTS}/blobServices/read`,
      `${ACCOUNTS}/blobServices/write`,
      `${CONTAINERS}/read`,
      `${CONTAINERS}/write`,
      `${CONTAINERS}/delete`,
      `${CONTAINERS}/lease/action`,
      `${CONTAINERS}/immutabilityPolicies/write`,
      `${CONTAINERS}/immutabilityPolicies/delete`,
      "Microsoft.Authorization/roleDefinitions/read",
    ],
  },
  {
    name: "f0000000-0000-4000-8000-00000000000b",
    roleName: "keyless-csi Controller B",
    description: "Assigns roles; to be given with a condition that says which, and to whom.",
    actions: [`${ASSIGNMENTS}/read`, `${ASSIGNMENTS}/write`, `${ASSIGNMENTS}/delete`],
  },
  {
    name: "f0000000-0000-4000-8000-00000000000c",
    roleName: "keyless-csi Controller R",
    description: "Reads identities, grants, usages, policies, locks and its own rights; writes federated credentials.",
    actions: [
      "Microsoft.Storage/locations/usages/read",
      "Microsoft.Resources/subscriptions/providers/read",
      "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
      "Microsoft.Authorization/permissions/read",
      "Microsoft.Authorization/policyAssignments/read",
      "Microsoft.Authorization/policyDefinitions/read",
      "Microsoft.Authorization/policySetDefinitions/read",
      "Microsoft.Authorization/locks/read",
      "Microsoft.Authorization/denyAssignments/read",
      `${ASSIGNMENTS}/read`,
      `${IDENTITIES}/read`,
      `${IDENTITIES}/federatedIdentityCredentials/read`,
      `${IDENTITIES}/federatedIdentityCredentials/write`,
      `${IDENTITIES}/federatedIdentityCredentials/delete`,
    ],
  },
  {
    name: DATA_ROLE_ID,
    roleName: "5d1c0e7a-36b2-4f0d-9e84-7ab3c2d1f002 keyless-csi Blob Data",
    description: "Reads and writes blobs, and nothing else.",
    dataActions: DATA_ACTIONS,
  },
  {
    name: EARLIER_DATA_ROLE_ID,
    roleName: "keyless-csi Blob Data",
    description: "Reads and writes blobs, and nothing else.",
    dataActions: DATA_ACTIONS,
  },
];

/** The roles, new objects each time, so that two worlds share nothing. */
export function seedRoles(tenantId: string, assignableScope: string): RoleDefinition[] {
  return ROLES.map(({ name, roleName, description, actions = [], dataActions = [] }) => ({
    name,
    roleName,
    description,
    type: "CustomRole",
    tenantId,
    permissions: [{ actions: [...actions], notActions: [], dataActions: [...dataActions], notDataActions: [] }],
    assignableScopes: [assignableScope],
  }));
}

/**
 * The condition under which the controller may assign and unassign: only these roles, only to service principals, never
 * to itself (azure-docs role-based-access-control/delegate-role-assignments-examples).
 */
export function delegationCondition(roleIds: readonly string[], ownPrincipalId: string): string {
  const clause = (source: "@Request" | "@Resource") =>
    `${source}[${ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roleIds.join(", ")}} ` +
    `AND ${source}[${ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'} ` +
    `AND ${source}[${ASSIGNMENTS}:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${ownPrincipalId}}`;
  const rule = (verb: "write" | "delete", source: "@Request" | "@Resource") =>
    `((!(ActionMatches{'${ASSIGNMENTS}/${verb}'})) OR (${clause(source)}))`;
  return `${rule("write", "@Request")} AND ${rule("delete", "@Resource")}`;
}
