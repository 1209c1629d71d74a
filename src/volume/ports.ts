/**
 * The ports of the volume stories: Azure, the storage behind a volume, Kubernetes and an observer. `azure/`, `backend/` and
 * `kubernetes/` implement them, `app/adapters.ts` builds them. No gRPC type and no SDK type passes here.
 *
 * A method that meets a foreign failure throws a DriverError. "Not found" is a value, never a throw, and removing what is
 * already gone succeeds.
 */
import type { FollowUps } from "../concurrency/follow-ups.ts";
import type { ReadersWriterLock } from "../concurrency/readers-writer-lock.ts";
import type { AccessReads } from "./access-reads.ts";
import type { Account, AccountShape, Accounts } from "./accounts.ts";
import type { ClaimRef, Cluster, VolumeIdentity, Warning } from "./cluster.ts";
import type { OrphanObserver } from "./orphans/observer.ts";
import type { AccountRef, FileSystemRef } from "./places.ts";
import type { ResourceGroupRef } from "./settings.ts";

export type { AccessReads, DataPermission, DataRole, DeniedPermission, DenyAssignment } from "./access-reads.ts";
export type { Account, AccountShape, AccountSpec, Accounts, CreatedAccount } from "./accounts.ts";
export type {
  Claim,
  ClaimRef,
  Cluster,
  ClusterClass,
  ClusterVolume,
  CsiDriver,
  FileSystemReference,
  MountableVolume,
  Notice,
  Pod,
  VolumeInUse,
  Warning,
} from "./cluster.ts";
export type { AccountRef, FileSystemRef } from "./places.ts";
export type { ClusterIdentity, ResourceGroupRef, Settings } from "./settings.ts";

/** A file system as ARM shows it. A workload with a built-in role can rewrite the metadata. */
export interface FileSystem {
  readonly ref: FileSystemRef;
  readonly metadata: Readonly<Record<string, string>>;
  /** Last change of the file system itself, not of what is in it, by ARM's clock; only lists state it. */
  readonly modifiedAtMs?: number;
}

/** What a file system is created or changed to. */
export interface FileSystemState {
  readonly metadata: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
}

/** The storage inside accounts; each backend has its own. */
export interface FileSystems {
  find(ref: FileSystemRef): Promise<FileSystem | undefined>;
  /**
   * Creates it unless one exists, which stays as it is: that one is answered, or undefined when it was created. A failure leaves
   * open whether it was.
   */
  create(ref: FileSystemRef, state: FileSystemState): Promise<FileSystem | undefined>;
  /** Replaces the metadata of one that exists. */
  setMetadata(ref: FileSystemRef, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** Sets the size of one that exists, and its metadata with it. */
  resize(ref: FileSystemRef, state: FileSystemState): Promise<void>;
  /** At most `limit`, starting at Azure's own continuation; none when the account is gone. */
  list(account: AccountRef, limit: number, continuation?: string): Promise<FileSystemPage>;
  /** Whether the account holds any, or any other than `except`. */
  existIn(account: AccountRef, except?: string): Promise<boolean>;
  /** Raises the retention of an account to what the class states, and never lowers it; no call when it states none. */
  ensureRetention(account: AccountRef, shape: AccountShape): Promise<void>;
  /**
   * Until it is released, the storage refuses to remove it while it holds anything; undefined: it does not exist. Throws InUse
   * where others protect it so.
   */
  guardContents(ref: FileSystemRef): Promise<{ release(): Promise<void> } | undefined>;
  /** `"absent"`: there was none. */
  remove(ref: FileSystemRef): Promise<"removed" | "absent">;
}

/** Some of an account's file systems, and where the next ones begin. */
export interface FileSystemPage {
  readonly fileSystems: readonly FileSystem[];
  readonly continuation?: string;
}

/** One principal has one role at one scope. */
export interface RoleAssignment {
  /** GUID, unique in the tenant. */
  readonly name: string;
  /** ARM id of the account or file system that the principal may access. */
  readonly scope: string;
  /** GUID of the role definition. */
  readonly roleId: string;
  /** Object id of the service principal. */
  readonly principalId: string;
  /** By ARM's clock, in milliseconds since 1970; absent where ARM does not state it. */
  readonly createdAtMs?: number;
}

/** A role assignment as a list shows it. Its description also names the cluster that it belongs to. */
export interface ListedRoleAssignment extends RoleAssignment {
  readonly description: string;
  /** `User`, `Group`, `ServicePrincipal` and so on; absent where ARM does not state it. */
  readonly principalType?: string;
  /** Object id of who made it; absent where ARM does not state it. */
  readonly createdBy?: string;
  /** What limits it (Azure's attribute-based access control). */
  readonly condition?: string;
}

export interface RoleAssignments {
  /** Whether ARM has confirmed it within the last minutes: only ever of one at an account. Others may have removed it since. */
  remembered(assignment: RoleAssignment): boolean;
  find(scope: string, name: string): Promise<RoleAssignment | undefined>;
  /**
   * `"adopted"`: the same assignment exists under another name, which is not ours to delete. `"found"`: it exists under this
   * name, although a read may not have found it yet.
   */
  create(assignment: RoleAssignment, description: string): Promise<"created" | "adopted" | "found">;
  /** Throws QuotaExhausted for a while after Azure has refused an assignment because the subscription is full. */
  assertRoom(subscriptionId: string): void;
  /** Those at this scope and at the scopes above it in the subscription, also where the scope is gone. */
  listAtAndAbove(scope: string): Promise<readonly RoleAssignment[]>;
  /** Those at this scope and at everything below it, also where that is gone. */
  listAtAndBelow(scope: string): Promise<readonly RoleAssignment[]>;
  /** Those at the resource group, at everything in it, also where the resource is gone, and at what is above it. */
  listIn(group: ResourceGroupRef): Promise<readonly ListedRoleAssignment[]>;
  /** Whether it existed. */
  remove(assignment: RoleAssignment): Promise<boolean>;
  /** The first role that can be assigned in this resource group. Remembered once it could. */
  findRole(group: ResourceGroupRef, roleIds: readonly string[]): Promise<string | undefined>;
}

/** The same without a memory. */
export type AskedRoleAssignments = Omit<RoleAssignments, "remembered">;

/** The identity that reads and writes a volume. */
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

/** What a federated credential states: tokens with exactly these three claims may be exchanged for the identity's own. */
export interface Trust {
  /** The cluster's issuer URL. */
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly subject: string;
  readonly audience: string;
}

/** A federated credential, and the identity that it belongs to. */
export interface Credential {
  readonly identity: UserAssignedIdentity;
  readonly name: string;
  readonly trust: Trust;
}

export interface Identities {
  /** Among the user-assigned identities of the operator's identity scopes. */
  findByClientId(clientId: string): Promise<UserAssignedIdentity | undefined>;
  /** Those among them with this client id or this object id; none where Azure does not let the controller list them. */
  findReadable(ids: Pick<WorkloadIdentity, "clientId" | "principalId">): Promise<readonly UserAssignedIdentity[]>;
  /** Whether a federated credential of the identity states exactly this, byte for byte. */
  trusts(identity: UserAssignedIdentity, trust: Trust): Promise<boolean>;
  /** Writes that credential, under a name computed from what it states. Throws QuotaExhausted at Azure's limit of 20. */
  addTrust(identity: UserAssignedIdentity, trust: Trust, name: string): Promise<void>;
  /** All in the operator's identity scopes, one list for each scope; undefined where Azure does not let the controller list them. */
  list(): Promise<readonly UserAssignedIdentity[] | undefined>;
  /** What the identity trusts: one call. */
  listTrusts(identity: UserAssignedIdentity): Promise<readonly Trust[]>;
  /** Every federated credential of every identity in the operator's identity scopes: one call for each identity. */
  listCredentials(): Promise<readonly Credential[]>;
  removeCredential(credential: Credential): Promise<void>;
}

/** A call of DeleteVolume that found nothing to delete. */
export interface NothingDeleted {
  readonly volumeId: string;
  /** What is not there, or no handle of this driver's. */
  readonly missing: "handle" | "account" | "file system";
  /** Where it was looked for; absent for a handle that says no place. */
  readonly fileSystem?: FileSystemRef;
}

/** What happens on the way, for logs, metrics, events and the demo's display: no story knows a logger. */
export interface Observer extends OrphanObserver {
  /** What a call has learnt about its volume: what is logged of the call from then on names it. */
  identified(volume: VolumeIdentity): void;
  /** A step of CreateVolume: `request`, `identity`, `account`, the backend's noun, `access`, `volume context`. */
  stepBegun(step: string, volume: string): void;
  stepDone(step: string, volume: string): void;
  /** `"remembered"`: ARM has confirmed it lately. `"put back"`: it had been removed while a volume relied on it. */
  roleAssignmentCreated(
    assignment: RoleAssignment,
    how: "created" | "adopted" | "found" | "remembered" | "put back",
  ): void;
  roleAssignmentRemoved(assignment: RoleAssignment): void;
  /** It outlives what it was for, and Azure does not let us remove it; `message` says who can. */
  roleAssignmentLeft(assignment: RoleAssignment, message: string): void;
  /** An account that we use is no longer keyless: a volume was refused, or the background check has just found it. */
  drifted(account: Account): void;
  /** It is keyless again: repaired by this controller, or found so by the background check. */
  keylessAgain(account: Account, how: "repaired" | "found"): void;
  /** An account that we made and use carries no cluster's mark: version 0.1 made it. */
  unmarked(account: Account): void;
  /** An account lost our tags: `fix` says what to do, or that they were put back. */
  tagsLost(account: Account, fix: string): void;
  /** Putting them back failed; the account is used all the same. */
  tagsNotRestored(account: Account, error: unknown): void;
  /** An account that may be one volume's alone stays without it, because nothing proves that it is. */
  accountKept(account: AccountRef): void;
  /** No account is made ahead for this StorageClass, because its parameters are wrong: said once for each class and fault. */
  classNotPrewarmed(className: string, error: unknown): void;
  /** DeleteVolume succeeds, as CSI demands, and has deleted nothing. */
  nothingDeleted(deletion: NothingDeleted): void;
  /** How many volumes in use have lost their storage or their access has changed. */
  volumesLost(volumes: {
    readonly checked: number;
    readonly withoutStorage: number;
    readonly withoutAccess: number;
  }): void;
  /** How many role assignments at volumes, or above their accounts, the claims do not account for. */
  accessDiffers(found: { readonly missing: number; readonly unexpected: number; readonly inherited: number }): void;
  /** The volume is created all the same, but its mount will not do what its owner expects. */
  warned(warning: Warning & { volume: string; claim: ClaimRef | undefined; className: string | undefined }): void;
}

export interface Ports {
  readonly accounts: Accounts;
  readonly fileSystems: FileSystems;
  readonly roleAssignments: RoleAssignments;
  readonly identities: Identities;
  readonly access: AccessReads;
  readonly cluster: Cluster;
  readonly observer: Observer;
  /** Keyed by `accountKey`. */
  readonly accountLock: ReadersWriterLock;
  /** The checks of role assignments that volumes rely on; keyed by the assignment's name. */
  readonly followUps: FollowUps;
}
