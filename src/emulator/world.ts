/**
 * Everything that Azure stores, as plain data: what the services read and write, what is saved with `--state`, and what
 * `GET /_emulator/state` shows. No behaviour here.
 *
 * ARM ids compare without case, so every map that is keyed by an ARM id uses the id in lower case; the value keeps
 * the id as it was first written.
 */

import type { DenyAssignment } from "./deny-assignment.ts";
import type { Deployment } from "./deployment-record.ts";
import type { ImmutabilityPolicy } from "./immutability-policy.ts";
import type { ManagementLock } from "./management-lock.ts";
import type { DenyPolicy } from "./policy/deny-policy.ts";

export type World = Readonly<ReturnType<typeof createWorld>>;

/** An empty world. What a resource provider keeps is a line here. */
export function createWorld() {
  return {
    tenants: new Map<string, Tenant>(), // key: tenant id
    principals: new Map<string, Principal>(), // key: principal (object) id
    subscriptions: new Map<string, Subscription>(), // key: subscription id
    resourceGroups: new Map<string, ResourceGroup>(), // key: ARM id, lower case
    accounts: new Map<string, StorageAccount>(), // key: account name (global over all subscriptions)
    containers: new Map<string, BlobContainer>(), // key: `<account>/<container>`
    deletedContainers: new Map<string, DeletedContainer>(), // key: `<account>/<container>/<version>`
    identities: new Map<string, UserAssignedIdentity>(), // key: ARM id, lower case
    roleDefinitions: new Map<string, RoleDefinition>(), // key: GUID (name), lower case
    roleAssignments: new Map<string, RoleAssignment>(), // key: GUID (name), lower case: unique in the tenant
    deployments: new Map<string, Deployment>(), // key: ARM id, lower case
    locks: new Map<string, ManagementLock>(), // key: ARM id, lower case
    denyAssignments: new Map<string, DenyAssignment>(), // key: ARM id, lower case
    policies: new Map<string, DenyPolicy>(), // key: assignment id, lower case
  };
}

export interface Tenant {
  readonly id: string;
}

/** An identity in Entra that can get tokens and role assignments. */
export interface Principal {
  /** Object id: what role assignments and the `oid` claim refer to. */
  readonly id: string;
  /** Application (client) id, used to sign in. */
  readonly clientId: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** ARM id when it is a user-assigned identity; an app registration's service principal has none. */
  readonly identityId?: string;
  /** For app registrations only. */
  readonly clientSecret?: string;
  /** For app registrations; those of a user-assigned identity are on the identity. */
  readonly federatedCredentials: Map<string, FederatedCredential>; // key: name, lower case
  readonly createdAt: number;
}

export interface FederatedCredential {
  readonly name: string;
  issuer: string;
  subject: string;
  audiences: string[];
  /**
   * When it was last written, by the emulator's clock; Entra accepts it `settings.federationMs` later. Absent: at once.
   */
  changedAt?: number;
}

export interface Subscription {
  readonly id: string;
  readonly tenantId: string;
  readonly displayName: string;
  /** Namespaces of resource providers, lower case, that it is not registered with; absent: none. */
  unregistered?: readonly string[];
}

export interface ResourceGroup {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  location: string;
  tags: Record<string, string>;
}

export interface StorageAccount {
  /** ARM id as it was first written. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  kind: string;
  sku: { name: string; tier: string };
  tags: Record<string, string>;
  /** The ARM `identity` element as it was sent. */
  identity?: Record<string, unknown>;
  /** Other top-level members that were sent (zones, placement, extendedLocation): stored and returned as they are. */
  extras?: Record<string, unknown>;
  /** ARM `properties` as they are returned, without the computed ones (provisioningState, primaryEndpoints, ...). */
  properties: Record<string, unknown>;
  /** How often each key was regenerated; absent: never. */
  keyGenerations?: Record<string, number>;
  /** `blobServices/default` properties (retention policies, versioning, ...). */
  blobService: Record<string, unknown>;
  readonly createdAt: number;
  /** When the asynchronous create completes, by the emulator's clock. Until then the account is in state Creating. */
  readonly readyAt: number;
  /** Another state than Succeeded after that; a PUT ends the first two. Only a test sets it. */
  stuckIn?: "Failed" | "Canceled" | "Deleting" | "ResolvingDNS";
}

/**
 * One container, for ARM and Blob alike. Its blobs are in the blob store (`storage/store/store.ts`), keyed by `uid`.
 */
export interface BlobContainer {
  /** New at every creation, so that a re-created container shares nothing with the old one. */
  readonly uid: string;
  readonly account: string;
  readonly name: string;
  metadata: Record<string, string>;
  etag: string;
  lastModified: number;
  lease: Lease;
  publicAccess: "None" | "Blob" | "Container";
  /** Other ARM properties that were sent (defaultEncryptionScope, ...): kept and returned. */
  properties?: Record<string, unknown>;
  hasLegalHold: boolean;
  legalHoldTags: string[];
  immutabilityPolicy?: ImmutabilityPolicy;
  /** Of its root directory, in an account with a hierarchical namespace; absent: Azure's default. */
  rootAccess?: PathAccess;
  readonly createdAt: number;
  /** Set while a delete is in force: the name is not usable until then (at least 30 s in Azure). */
  deletedUntil?: number;
}

/** A container in soft delete: its blobs stay under its `uid`. */
export interface DeletedContainer extends BlobContainer {
  /** Distinguishes it from others that were deleted under the same name. */
  readonly version: string;
  readonly deletedAt: number;
  readonly retainedDays: number;
}

/** Who owns a file or directory of a hierarchical namespace, and what its access control list says. */
export interface PathAccess {
  /** Object id, or `$superuser`. */
  readonly owner: string;
  readonly group: string;
  /** As in `x-ms-acl`: `user::rw-,group::r--,other::---`. */
  readonly acl: string;
}

export interface Lease {
  id?: string;
  state: "available" | "leased" | "expired" | "breaking" | "broken";
  /** Seconds, or -1 for an infinite lease. */
  durationSeconds?: number;
  /** When it ends, or when breaking ends, by the emulator's clock. */
  until?: number;
}

export interface UserAssignedIdentity {
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
  tags: Record<string, string>;
  /** Other ARM properties that were sent (isolationScope): kept and returned. */
  readonly properties?: Record<string, unknown>;
  readonly federatedCredentials: Map<string, FederatedCredential>; // key: name, lower case
}

export interface Permission {
  actions: string[];
  notActions: string[];
  dataActions: string[];
  notDataActions: string[];
}

export interface RoleDefinition {
  /** GUID. */
  readonly name: string;
  roleName: string;
  description: string;
  type: "BuiltInRole" | "CustomRole";
  permissions: Permission[];
  assignableScopes: string[];
  readonly tenantId?: string; // built-in roles have none
  /** When a custom one was last written, by the emulator's clock; absent for seeded ones. */
  readonly changedAt?: number;
}

export interface RoleAssignment {
  /** GUID. */
  readonly name: string;
  /**
   * As it was written; compared without case. Stays when the scope is deleted, and is in force again when it returns.
   */
  readonly scope: string;
  /** GUID of the role definition. */
  readonly roleDefinitionName: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly tenantId: string;
  description?: string;
  condition?: string;
  conditionVersion?: string;
  /** Principal id of its creator; absent for seeded ones. */
  readonly createdBy?: string;
  readonly delegatedManagedIdentityResourceId?: string;
  readonly createdAt: number;
  /** From when data and control plane honour it (propagation), by the emulator's clock. */
  readonly effectiveFrom: number;
  /** Set when it is deleted: no longer listed, but honoured until then (propagation of the removal). */
  effectiveUntil?: number;
}
