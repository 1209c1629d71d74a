/**
 * What a kind of storage brings with it, beside the adapter behind the port `FileSystems`: its parameters, names and rules.
 * `volume/` tells its stories over this interface and the ports; backend/blob/ implements it for blob containers.
 */
import type { ParameterRow } from "../volume/class/parameter-row.ts";
import type { VolumeClass } from "../volume/class/volume-class.ts";
import type {
  Account,
  AccountRef,
  ClusterVolume,
  DataPermission,
  FileSystemRef,
  FileSystemReference,
  Settings,
  WorkloadIdentity,
} from "../volume/ports.ts";

/** How large a volume may be. */
export interface SizeRule {
  /** When the claim asks for none. */
  readonly defaultBytes: number;
  readonly maxBytes: number;
  /** `maxBytes` for people. */
  readonly maxText: string;
}

/** Where a role assignment of this controller applies. */
export interface AssignmentScope {
  readonly account: AccountRef;
  /** Absent: the whole account. */
  readonly fileSystem?: string;
}

/** What was found or created for a volume. */
export interface ProvisionedVolume<Class extends VolumeClass = VolumeClass> {
  readonly account: Account;
  readonly fileSystem: FileSystemRef;
  /** Absent when the claim is gone: nobody will mount the volume. */
  readonly identity: WorkloadIdentity | undefined;
  readonly volumeClass: Class;
}

/** What is asked of a volume's mount. */
export interface MountRequest<Class extends VolumeClass = VolumeClass> {
  /** The class's `mountOptions`, as they were written. */
  readonly flags: readonly string[];
  /** CSI's names: `MULTI_NODE_MULTI_WRITER` and so on. */
  readonly accessModes: readonly string[];
  /** Name of the StorageClass, where the cluster states it. */
  readonly className: string | undefined;
  readonly volumeClass: Class;
}

/** What a PersistentVolume of any driver refers to. */
export interface VolumeReferences {
  /** Names of accounts, unique in all of Azure: in doubt one too many. */
  readonly accounts: readonly string[];
  /** In doubt one too many. */
  readonly fileSystems: readonly FileSystemReference[];
  /** The one that the node plugin mounts, all in lower case; undefined where it would mount none. */
  readonly mounted: { readonly account: string; readonly name: string } | undefined;
  readonly clientId: string | undefined;
}

/** Something that is wrong with a volume's mount. */
export interface MountProblem {
  /** A name for the reason of a Kubernetes event. */
  readonly kind: string;
  /** Data would be lost, or the CSIDriver object is wrong: the volume is not created unless the operator wants only a warning. */
  readonly isRefused: boolean;
  /** At most `LONGEST_MESSAGE` (text/cut.ts) characters: what is wrong, what would happen, what fixes it. */
  readonly message: string;
}

/**
 * Methods, not properties: TypeScript then lets a backend take its own class, which is the one that its own rows were read
 * into.
 */
export interface Backend<Class extends VolumeClass = VolumeClass> {
  /** What people call a file system of this kind, with a regular plural: used in messages, as step in logs, in `grantScope`. */
  readonly noun: string;
  /** Every parameter of a class: the common ones and the backend's own. */
  readonly parameters: readonly ParameterRow[];
  readonly size: SizeRule;
  /** GUID of the role that workloads are assigned by default, for a prefix of `--role-prefix`. */
  dataRoleId(prefix: string): string;
  /** GUIDs of Azure's own roles that let an identity read and write, in lower case. */
  readonly builtInDataRoleIds: readonly string[];
  /** What every volume should be mounted with, as `mountOptions` of a class or of a PersistentVolume. */
  readonly mountOptions: readonly string[];
  /** Rules over several of its own parameters: every problem, each with its fix. */
  findContradictions(volumeClass: Class): readonly string[];
  findMountProblems(request: MountRequest<Class>): readonly MountProblem[];
  /** Throws Misconfigured for an account that an administrator has made and that is not what the class says. */
  assertFits(volumeClass: Class, account: Account): void;
  toVolumeId(fileSystem: FileSystemRef): string;
  /** Undefined for an id that this controller cannot have given out. */
  parseVolumeId(volumeId: string): FileSystemRef | undefined;
  /**
   * The handle of a PersistentVolume that is written by hand, of this name: no other has it, `readReferences` takes no other file
   * system from it than the attributes name, and DeleteVolume of any driver takes it for one that was never given out.
   */
  toStaticHandle(fileSystem: FileSystemRef, volumeName: string): string;
  /** What a PersistentVolume says by its handle and attributes, also one of another driver or made by hand. */
  readReferences(volume: Pick<ClusterVolume, "handle" | "attributes">): VolumeReferences;
  /** ARM id of a file system: the scope of its role assignments. */
  scopeOf(fileSystem: FileSystemRef): string;
  /** What brings a deleted one back under its name, where the account keeps deleted ones: for people who can. */
  restoringCommand(fileSystem: FileSystemRef): string;
  /** What these permissions let somebody do with a file system's content, a word for each right: `read` is what a mount needs. */
  rightsOf(permissions: readonly DataPermission[]): readonly string[];
  /** Undefined for a scope at which this controller never assigns a role. */
  parseScope(scope: string): AssignmentScope | undefined;
  /** What the node plugin needs to mount the volume with the workload's own token, and nothing else. */
  volumeContext(volume: ProvisionedVolume<Class>, settings: Settings): Readonly<Record<string, string>>;
}
