// What a test adds to the emulator's seed: rights of the controller beyond the seeded ones, and a second tenant.
import { randomUUID } from "node:crypto";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import type { RoleDefinition } from "../../src/emulator/world.ts";

const controllerOf = ({ world, info }: Emulator) => {
  const found = [...world.principals.values()].find(({ clientId }) => clientId === info.controller?.clientId);
  if (found === undefined) throw new Error("the emulator has no controller");
  return found;
};

/** Allows the seeded controller these actions at the scope, through a role made for it. */
export function allowController(emulator: Emulator, scope: string, actions: string[]): void {
  const { tenantId, id } = controllerOf(emulator);
  allow(emulator, { principalId: id, tenantId, scope, actions });
}

interface Allowance {
  readonly principalId: string;
  readonly tenantId: string;
  readonly scope: string;
  readonly actions: string[];
}

function allow({ world }: Emulator, { principalId, tenantId, scope, actions }: Allowance): void {
  const role: RoleDefinition = {
    name: randomUUID(),
    roleName: `test ${randomUUID()}`,
    description: "",
    type: "CustomRole",
    permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
    assignableScopes: [scope],
    tenantId,
  };
  world.roleDefinitions.set(role.name, role);
  const name = randomUUID();
  world.roleAssignments.set(name, {
    name,
    scope,
    principalId,
    tenantId,
    roleDefinitionName: role.name,
    principalType: "ServicePrincipal",
    createdAt: 0,
    effectiveFrom: 0,
  });
}

export interface SecondTenant {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Application in that tenant which trusts the controller's own ServiceAccount. */
  readonly controllerClientId: string;
  /** An identity in that tenant for a workload. */
  readonly workload: { readonly clientId: string; readonly principalId: string };
}

const EVERYTHING = [
  "Microsoft.Storage/storageAccounts/*",
  "Microsoft.Storage/operations/read",
  "Microsoft.Authorization/roleAssignments/*",
  "Microsoft.Authorization/roleDefinitions/read",
  "Microsoft.ManagedIdentity/userAssignedIdentities/read",
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
];

interface NewGroup {
  readonly tenantId: string;
  /** Of the subscription. */
  readonly displayName: string;
  readonly resourceGroup: string;
}

/** A new subscription with a resource group: its id, and the ARM ids of both. */
function addGroup({ world, info }: Emulator, { tenantId, displayName, resourceGroup }: NewGroup) {
  const subscriptionId = randomUUID();
  const scope = `/subscriptions/${subscriptionId}`;
  const group = `${scope}/resourceGroups/${resourceGroup}`;
  world.subscriptions.set(subscriptionId, { id: subscriptionId, tenantId, displayName });
  world.resourceGroups.set(group.toLowerCase(), {
    id: group,
    name: resourceGroup,
    subscriptionId,
    location: info.location,
    tags: {},
  });
  return { subscriptionId, scope, group };
}

/** A storage tenant: subscription, resource group, data role, an application for the controller, an identity. */
export function addTenant(emulator: Emulator): SecondTenant {
  const { world, info, issuer } = emulator;
  const [tenantId, resourceGroup] = [randomUUID(), "storage"];
  world.tenants.set(tenantId, { id: tenantId });
  const { subscriptionId, scope, group } = addGroup(emulator, {
    tenantId,
    displayName: "storage tenant",
    resourceGroup,
  });
  const own = [...world.identities.values()].find(({ clientId }) => clientId === info.controller?.clientId);
  const [trust] = own?.federatedCredentials.values() ?? [];
  if (trust === undefined) throw new Error("the controller has no credential");
  const application = { id: randomUUID(), clientId: randomUUID() };
  world.principals.set(application.id, {
    ...application,
    tenantId,
    displayName: "keyless-csi abroad",
    createdAt: 0,
    federatedCredentials: new Map([[trust.name, trust]]),
  });
  allow(emulator, { principalId: application.id, tenantId, scope, actions: EVERYTHING });
  const workload = { clientId: randomUUID(), principalId: randomUUID() };
  const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abroad`;
  const credential = {
    name: "abroad",
    issuer: issuer.issuer,
    subject: "system:serviceaccount:demo:abroad",
    audiences: ["api://AzureADTokenExchange"],
  };
  world.identities.set(id.toLowerCase(), {
    id,
    name: "abroad",
    subscriptionId,
    resourceGroup,
    location: info.location,
    tenantId,
    ...workload,
    tags: {},
    federatedCredentials: new Map([["abroad", credential]]),
  });
  world.principals.set(workload.principalId, {
    id: workload.principalId,
    clientId: workload.clientId,
    tenantId,
    displayName: "abroad",
    identityId: id,
    federatedCredentials: new Map(),
    createdAt: 0,
  });
  addDataRole(emulator, scope);
  return { tenantId, subscriptionId, resourceGroup, controllerClientId: application.clientId, workload };
}

/** A further subscription of the controller's own tenant with a resource group, where it may do all that it does at home. */
export function addSubscription(emulator: Emulator): {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
} {
  const { tenantId } = controllerOf(emulator);
  const resourceGroup = "further";
  const { subscriptionId, scope } = addGroup(emulator, { tenantId, displayName: "overflow", resourceGroup });
  allowController(emulator, scope, EVERYTHING);
  const { world } = emulator;
  const role = world.roleDefinitions.get(DATA_ROLE_ID);
  if (role === undefined) throw new Error("the emulator has no data role");
  world.roleDefinitions.set(DATA_ROLE_ID, { ...role, assignableScopes: [...role.assignableScopes, scope] });
  return { subscriptionId, resourceGroup };
}

/** The emulator keeps roles by their GUID; one without tenant can be assigned in each, as two of the same GUID could. */
function addDataRole({ world }: Emulator, scope: string): void {
  const name = DATA_ROLE_ID;
  const role = world.roleDefinitions.get(name);
  if (role === undefined) throw new Error("the emulator has no data role");
  const { tenantId: _, ...rest } = role;
  world.roleDefinitions.set(name, { ...rest, assignableScopes: [...role.assignableScopes, scope] });
}
