/**
 * What the emulator holds at its first start: a tenant, a subscription, a resource group, identities for two workloads,
 * the controller's identity with exactly the rights it needs, and an administrator. All ids are fixed, so that what a
 * demo prints is the same every time.
 */

import type { UserAssignedIdentity, World } from "../world.ts";
import { builtInRoles } from "./built-in-roles.ts";
import { DATA_ROLE_ID, delegationCondition, EARLIER_DATA_ROLE_ID, seedRoles } from "./roles.ts";

export const SEED = {
  tenantId: "0f3b7a52-9c41-4d8e-8a6b-2c1d5e7f9a01",
  subscriptionId: "5d1c0e7a-36b2-4f0d-9e84-7ab3c2d1f002",
  resourceGroup: "keyless",
  location: "westeurope",
  clusterId: "emulator",
  audience: "api://AzureADTokenExchange",
} as const;

/** A user-assigned identity and the ServiceAccount that it trusts. */
interface SeedIdentity {
  readonly name: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

/** The identities that workloads sign in as, in the order of the ready file. */
export const WORKLOADS: readonly SeedIdentity[] = [
  {
    name: "workload-a",
    clientId: "a1f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d01",
    principalId: "a2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02",
    serviceAccount: { namespace: "demo", name: "workload-a" },
  },
  {
    name: "workload-b",
    clientId: "b1f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d01",
    principalId: "b2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02",
    serviceAccount: { namespace: "demo", name: "workload-b" },
  },
];

export const CONTROLLER: SeedIdentity = {
  name: "keyless-controller",
  clientId: "c1f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d01",
  principalId: "c2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02",
  serviceAccount: { namespace: "kube-system", name: "keyless-csi-controller" },
};

/** An app registration with a client secret: Owner of the subscription, with no right on data. */
export const ADMINISTRATOR = {
  name: "administrator",
  clientId: "d1f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d01",
  principalId: "d2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02",
} as const;

const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

interface SeedOptions {
  /** Of the built-in ServiceAccount issuer. */
  readonly issuer: string;
  /** Of a cluster whose ServiceAccounts of the same names are trusted too. */
  readonly clusterIssuer?: string | undefined;
  readonly administratorSecret: string;
}

/** Fills an empty world. Everything in it is as old as it needs to be to be in force at once. */
export function seedWorld(world: World, options: SeedOptions): void {
  const { tenantId, subscriptionId, resourceGroup: name, location } = SEED;
  world.tenants.set(tenantId, { id: tenantId });
  world.subscriptions.set(subscriptionId, { id: subscriptionId, tenantId, displayName: "Keyless emulator" });
  world.resourceGroups.set(groupScope().toLowerCase(), { id: groupScope(), name, subscriptionId, location, tags: {} });
  for (const role of [...builtInRoles(), ...seedRoles(tenantId, subscriptionScope())])
    world.roleDefinitions.set(role.name, role);
  for (const identity of [...WORKLOADS, CONTROLLER]) addIdentity(world, identity, options);
  const { clientId, principalId } = ADMINISTRATOR;
  world.principals.set(principalId, {
    id: principalId,
    clientId,
    tenantId,
    displayName: ADMINISTRATOR.name,
    clientSecret: options.administratorSecret,
    federatedCredentials: new Map(),
    createdAt: 0,
  });
  assignRole(world, {
    name: "e0000000-0000-4000-8000-000000000001",
    scope: subscriptionScope(),
    role: OWNER,
    principalId,
  });
  assignControllerRoles(world);
}

/** The ARM id of a seeded identity. */
export function identityResourceId(name: string): string {
  return `${groupScope()}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

function subscriptionScope(): string {
  return `/subscriptions/${SEED.subscriptionId}`;
}

function groupScope(): string {
  return `${subscriptionScope()}/resourceGroups/${SEED.resourceGroup}`;
}

function addIdentity(world: World, seed: SeedIdentity, { issuer, clusterIssuer }: SeedOptions): void {
  const { name, clientId, principalId, serviceAccount } = seed;
  const { tenantId, subscriptionId, resourceGroup, location } = SEED;
  const subject = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`;
  const identity: UserAssignedIdentity = {
    id: identityResourceId(name),
    name,
    subscriptionId,
    resourceGroup,
    location,
    principalId,
    clientId,
    tenantId,
    tags: {},
    federatedCredentials: new Map(
      [
        { name, issuer },
        ...(clusterIssuer === undefined ? [] : [{ name: `${name}-of-cluster`, issuer: clusterIssuer }]),
      ].map((trusted) => [trusted.name, { ...trusted, subject, audiences: [SEED.audience] }]),
    ),
  };
  world.identities.set(identity.id.toLowerCase(), identity);
  world.principals.set(principalId, {
    id: principalId,
    clientId,
    tenantId,
    displayName: name,
    identityId: identity.id,
    federatedCredentials: new Map(),
    createdAt: 0,
  });
}

/** Accounts and containers (A) and role assignments (B) in the resource group, a few reads (R) in the subscription. */
function assignControllerRoles(world: World): void {
  const { principalId } = CONTROLLER;
  const roles = seedRoles(SEED.tenantId, subscriptionScope());
  const [resources, access, reads] = roles.map((role) => role.name);
  if (resources === undefined || access === undefined || reads === undefined) throw new Error("a seed role is missing");
  const condition = delegationCondition([DATA_ROLE_ID, EARLIER_DATA_ROLE_ID], principalId);
  assignRole(world, {
    name: "e0000000-0000-4000-8000-000000000002",
    scope: groupScope(),
    role: resources,
    principalId,
  });
  assignRole(world, {
    name: "e0000000-0000-4000-8000-000000000003",
    scope: groupScope(),
    role: access,
    principalId,
    condition,
  });
  assignRole(world, {
    name: "e0000000-0000-4000-8000-000000000004",
    scope: subscriptionScope(),
    role: reads,
    principalId,
  });
}

interface SeededAssignment {
  readonly name: string;
  readonly scope: string;
  readonly role: string;
  readonly principalId: string;
  readonly condition?: string;
}

function assignRole(world: World, { name, scope, role, principalId, condition }: SeededAssignment): void {
  world.roleAssignments.set(name, {
    name,
    scope,
    roleDefinitionName: role,
    principalId,
    principalType: "ServicePrincipal",
    tenantId: SEED.tenantId,

    ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
    createdAt: 0,
    effectiveFrom: 0,
  });
}
