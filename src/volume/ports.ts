/**
 * What the story of a volume needs from the outside: Azure, Kubernetes and an observer. `azure/` and `kubernetes/`
 * implement these; `app/` joins them. No gRPC type and no SDK type passes here.
 *
 * Every method that meets a foreign fault throws a DriverError; "not found" is a value, never a throw, and removing
 * what is already gone is a success.
 */

import type { ReadersWriterLock } from "../concurrency/readers-writer-lock.ts";
import type { ClaimRef, Cluster, Warning } from "./cluster.ts";
import type { Place } from "./settings.ts";

export type { Claim, ClaimRef, Cluster, ClusterVolume, CsiDriver, Pod, Warning } from "./cluster.ts";
export type { Place, Settings } from "./settings.ts";

/** Where a storage account is. */
export interface AccountRef extends Place {
  /** 3 to 24 lower-case letters and digits, unique in all of Azure. */
  readonly name: string;
}

/** Where a container is. */
export interface ContainerRef {
  readonly account: AccountRef;
  readonly name: string;
}

/** A storage account as ARM shows it, as far as a decision of ours hangs on it. */
export interface Account {
  readonly ref: AccountRef;
  readonly tags: Readonly<Record<string, string>>;
  /** Ways into the account that do not ask for an Entra identity: empty means keyless. In words for an administrator. */
  readonly openings: readonly string[];
  /** Hierarchical namespace (Data Lake Storage): fixed when the account is made. */
  readonly isHnsEnabled: boolean;
  /** By ARM's clock, in milliseconds since 1970; absent where ARM does not say. */
  readonly createdAtMs?: number;
}

/** What shapes a new account. Absent means: Azure's own default. */
export interface AccountSpec {
  readonly location: string;
  /** `Standard_LRS` and so on. */
  readonly skuName: string;
  readonly kind: "StorageV2" | "BlockBlobStorage";
  readonly accessTier?: string;
  readonly isHnsEnabled?: boolean;
  readonly publicNetworkAccess?: string;
  readonly requireInfrastructureEncryption?: boolean;
  /** Days that a deleted blob is kept; 0 states that it is not. */
  readonly softDeleteBlobsDays?: number;
  /** Days that a deleted container is kept; 0 states that it is not. */
  readonly softDeleteContainersDays?: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Accounts {
  /** What ARM has confirmed within the last few minutes, without a call. */
  remembered(ref: AccountRef): Account | undefined;
  /** Asks ARM. */
  find(ref: AccountRef): Promise<Account | undefined>;
  /** Makes it and waits until it is there. `"taken"`: the name is held elsewhere in Azure, nothing was made. */
  create(ref: AccountRef, spec: AccountSpec): Promise<Account | "taken">;
  /** Brings the retention policies of an account of ours to what the specification states; no call when it states none. */
  ensureRetention(ref: AccountRef, spec: AccountSpec): Promise<void>;
  /** Every account in the resource group, ours or not; none when the group does not exist. */
  list(place: Place): Promise<readonly Account[]>;
  holdsContainers(ref: AccountRef): Promise<boolean>;
  /** Turns the openings of an account of ours off again, and answers it as it is then. Not more than once in a while. */
  close(ref: AccountRef): Promise<Account | undefined>;
  remove(ref: AccountRef): Promise<void>;
}

/** A container as ARM shows it. The metadata can be rewritten by a workload with a built-in role: it decides nothing. */
export interface Container {
  readonly ref: ContainerRef;
  readonly metadata: Readonly<Record<string, string>>;
  /** Last change of the container itself, not of its blobs, by ARM's clock; only lists tell it. */
  readonly modifiedAtMs?: number;
}

export interface Containers {
  find(ref: ContainerRef): Promise<Container | undefined>;
  /** Only after `find` has answered undefined: ARM's PUT changes a container that exists. */
  create(ref: ContainerRef, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** Replaces the metadata of a container that exists. */
  relabel(ref: ContainerRef, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** At most `limit`, from Azure's own continuation on; none when the account is gone. */
  list(account: AccountRef, limit: number, continuation?: string): Promise<ContainerPage>;
  remove(ref: ContainerRef): Promise<void>;
}

/** Some of an account's containers, and where the next ones begin. */
export interface ContainerPage {
  readonly containers: readonly Container[];
  readonly continuation?: string;
}

/** One grant: this principal, this role, at this scope. */
export interface RoleAssignment {
  /** GUID, unique in the tenant. */
  readonly name: string;
  /** ARM id of what it opens. */
  readonly scope: string;
  /** GUID of the role definition. */
  readonly roleId: string;
  /** Object id of the service principal. */
  readonly principalId: string;
}

/** A grant as a list shows it. The description is for people; it also tells of which cluster a grant was. */
export interface ListedRoleAssignment extends RoleAssignment {
  readonly description: string;
}

export interface RoleAssignments {
  find(scope: string, name: string): Promise<RoleAssignment | undefined>;
  /** `"adopted"`: the same grant exists under another name, which is not ours to delete. */
  create(assignment: RoleAssignment, description: string): Promise<"created" | "adopted">;
  /** Throws QuotaExhausted for a while after Azure has refused a grant because the subscription is full. */
  assertRoom(subscriptionId: string): void;
  /** Those at this scope and at the scopes above it. */
  listAtAndAbove(scope: string): Promise<readonly RoleAssignment[]>;
  /** Those at the resource group and at everything in it, also where the resource is gone. */
  listIn(place: Place): Promise<readonly ListedRoleAssignment[]>;
  remove(assignment: RoleAssignment): Promise<void>;
  /** Whether the role can be assigned in this resource group. Remembered once it could. */
  roleExists(place: Place, roleId: string): Promise<boolean>;
}

/** Who reads and writes a volume. */
export interface WorkloadIdentity {
  readonly clientId: string;
  readonly tenantId: string;
  /** Object id of its service principal: what a role assignment names. */
  readonly principalId: string;
}

/** A user-assigned identity as ARM shows it. */
export interface UserAssignedIdentity extends WorkloadIdentity {
  /** ARM id. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a federated credential says: tokens with exactly these three claims may be exchanged for the identity's own. */
export interface Trust {
  /** The cluster's issuer URL. */
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly subject: string;
  readonly audience: string;
}

/** A federated credential, and whose it is. */
export interface Credential {
  readonly identity: UserAssignedIdentity;
  readonly name: string;
  readonly trust: Trust;
}

export interface Identities {
  /** Among the user-assigned identities of the operator's identity scopes. */
  findByClientId(clientId: string): Promise<UserAssignedIdentity | undefined>;
  /** Whether a federated credential of the identity says exactly this, byte for byte. */
  trusts(identity: UserAssignedIdentity, trust: Trust): Promise<boolean>;
  /** Writes that credential, under a name computed from what it says. Throws QuotaExhausted at Azure's limit of 20. */
  addTrust(identity: UserAssignedIdentity, trust: Trust, name: string): Promise<void>;
  /** Every federated credential of every identity in the operator's identity scopes: one call for each identity. */
  listCredentials(): Promise<readonly Credential[]>;
  removeCredential(credential: Credential): Promise<void>;
}

/** The steps of the two stories, in the words of the logs and the demo. */
export type Step = "request" | "identity" | "account" | "container" | "access" | "volume context";

/** What happens on the way, for logs, metrics, events and the demo's display: no use case knows a logger. */
export interface Observer {
  stepBegun(step: Step, volume: string): void;
  stepDone(step: Step, volume: string): void;
  roleAssignmentCreated(assignment: RoleAssignment, how: "created" | "adopted" | "found"): void;
  roleAssignmentRemoved(assignment: RoleAssignment): void;
  /** An account of ours is no longer keyless. */
  drifted(account: Account): void;
  /** A volume is made all the same, but its mount will not do what its owner expects. */
  warned(warning: Warning & { volume: string; claim: ClaimRef | undefined; className: string | undefined }): void;
}

export interface Ports {
  readonly accounts: Accounts;
  readonly containers: Containers;
  readonly roleAssignments: RoleAssignments;
  readonly identities: Identities;
  readonly cluster: Cluster;
  readonly observer: Observer;
  /** By the ARM id of an account, in lower case. */
  readonly accountLock: ReadersWriterLock;
}
