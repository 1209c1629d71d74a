/**
 * The observer that `app/` gives to every layer. The shapes are those of `csi/`, `azure/`, `volume/` and `concurrency/`, which
 * this layer does not import.
 */
import type { VolumeIdentity } from "./call-context.ts";
import type { OrphanKind, OrphanRow } from "./orphan-metrics.ts";

/** By which Azure finds a request. */
export interface RequestIds {
  readonly requestId?: string;
  readonly correlationId?: string;
}

interface AzureCall extends RequestIds {
  readonly operation: string;
  readonly status: number;
  readonly milliseconds: number;
}

interface AzureWrite extends RequestIds {
  readonly action: string;
  readonly kind: string;
  readonly resourceId: string;
  readonly result: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly principalId?: string;
  readonly roleId?: string;
  readonly milliseconds: number;
}

export interface RoleAssignment {
  readonly name: string;
  readonly scope: string;
  readonly principalId: string;
}

export interface AccountRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

export interface SeenAccount {
  readonly ref: { readonly name: string; readonly resourceGroup: string };
}

/** Something that no volume needs. */
export interface SeenOrphan {
  readonly kind: OrphanKind;
  readonly id: string;
  readonly because: string;
}

/** Notified of what happens, and of where it happens. */
export interface AppObserver {
  run<T>(
    call: { readonly method: string; readonly callId: string; readonly volume: VolumeIdentity },
    work: () => Promise<T>,
  ): Promise<T>;
  inTask<T>(task: string, work: () => Promise<T>): Promise<T>;
  identified(volume: VolumeIdentity): void;
  currentCallId(): string | undefined;
  finished(outcome: {
    readonly method: string;
    readonly code: string;
    readonly milliseconds: number;
    readonly reason?: string;
    readonly error?: unknown;
  }): void;
  olderVersionUsed(
    fallback: { readonly provider: string; readonly from: string; readonly to: string },
    unseen: readonly string[],
  ): void;
  azureCalled(call: AzureCall): void;
  azureWritten(write: AzureWrite): void;
  accountsNotCounted(region: { readonly subscriptionId: string; readonly location: string }): void;
  stepBegun(step: string, volume: string): void;
  stepDone(step: string, volume: string): void;
  roleAssignmentCreated(assignment: RoleAssignment, how: string): void;
  roleAssignmentRemoved(assignment: RoleAssignment): void;
  roleAssignmentLeft(assignment: RoleAssignment, message: string): void;
  drifted(account: SeenAccount & { readonly nonEntraAccess: readonly string[] }): void;
  keylessAgain(account: SeenAccount, how: string): void;
  tasksRunHere(isLeading: boolean): void;
  taskDone(task: string): void;
  taskFailed(task: string, error: unknown, isNew: boolean): void;
  unmarked(account: SeenAccount): void;
  tagsLost(account: { readonly ref: AccountRef }, fix: string): void;
  tagsNotRestored(account: { readonly ref: AccountRef }, error: unknown): void;
  accountKept(account: AccountRef): void;
  classNotPrewarmed(className: string, error: unknown): void;
  nothingDeleted(deletion: {
    readonly volumeId: string;
    readonly missing: "handle" | "account" | "file system";
    readonly fileSystem?: { readonly account: AccountRef; readonly name: string };
  }): void;
  volumesLost(volumes: {
    readonly checked: number;
    readonly withoutStorage: number;
    readonly withoutAccess: number;
  }): void;
  accessDiffers(found: { readonly missing: number; readonly unexpected: number; readonly inherited: number }): void;
  orphansFound(counts: readonly OrphanRow[]): void;
  orphanRemoved(orphan: SeenOrphan): void;
  orphanLeft(orphan: SeenOrphan, why: string): void;
  warned(warning: {
    readonly volume: string;
    readonly claim: { readonly namespace: string; readonly name: string } | undefined;
    readonly className: string | undefined;
    readonly reason: string;
    readonly message: string;
  }): void;
}
