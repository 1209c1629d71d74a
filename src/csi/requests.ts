/**
 * From protobuf messages (untrusted) to our own requests. An int64 becomes a number here and nowhere else, and what the CSI
 * specification requires of a request is checked here.
 */
import { DriverError } from "../errors.ts";
import { listed, shown } from "../text/cut.ts";
import type { VolumeRequest } from "../volume/plan.ts";
import type { ClaimRef } from "../volume/ports.ts";
import type { SizeRange } from "../volume/size.ts";
import type {
  CapacityRange,
  ControllerExpandVolumeRequest,
  CreateVolumeRequest,
  VolumeCapability,
} from "./proto.generated.ts";

/** CSI: strings are limited to this many bytes. */
const MAX_NAME_BYTES = 128;
/** CSI, MountVolume: the total size of mount_flags. */
const MAX_MOUNT_FLAGS_BYTES = 4096;
/** Parameters with this prefix are csi-provisioner's, not the class's: it adds the claim's name, and strips the class's own. */
const PROVISIONER_PREFIX = "csi.storage.k8s.io/";
const CLAIM_NAME = `${PROVISIONER_PREFIX}pvc/name`;
const CLAIM_NAMESPACE = `${PROVISIONER_PREFIX}pvc/namespace`;
/** Those by which a class hands a secret to a driver, from a caller that strips nothing. They are judged with the others. */
const SECRET_PARAMETER = /-secret-name(space)?$/;

const ACCESS_MODES = [
  "SINGLE_NODE_WRITER",
  "SINGLE_NODE_READER_ONLY",
  "SINGLE_NODE_SINGLE_WRITER",
  "SINGLE_NODE_MULTI_WRITER",
  "MULTI_NODE_READER_ONLY",
  "MULTI_NODE_SINGLE_WRITER",
  "MULTI_NODE_MULTI_WRITER",
];

/** Throws InvalidRequest for what the message lacks or what is not supported; the parameters are judged later, all at once. */
export function toVolumeRequest(message: CreateVolumeRequest): VolumeRequest {
  assertName(message.name);
  assertCapabilities(message.volume_capabilities);
  if (message.volume_content_source !== null) {
    throw invalid("volume_content_source is not supported: create an empty volume, without dataSource in the claim");
  }
  const mutable = namesOf(message.mutable_parameters);
  if (mutable.length > 0) {
    throw invalid(
      `mutable_parameters are not supported (${listed(
        mutable.map((name) => shown(name)),
        ", ",
      )}): remove the VolumeAttributesClass`,
    );
  }
  const claim = claimOf(message.parameters);
  return {
    name: message.name,
    ...sizesOf(message.capacity_range),
    parameters: classParameters(message.parameters),
    ...(claim && { claim }),
    mountFlags: mountFlagsOf(message.volume_capabilities),
    accessModes: message.volume_capabilities.map(({ access_mode: access }) => String(access?.mode)),
  };
}

/** Those that the class states, and what hands a secret to the driver. */
function classParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const names = namesOf(parameters).filter(
    (name) => !name.startsWith(PROVISIONER_PREFIX) || SECRET_PARAMETER.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, parameters[name] ?? ""]));
}

/**
 * csi-provisioner sends a capability for each access mode of the claim, all with the class's `mountOptions`. They are judged
 * against each other, which tens of thousands would make a matter of many seconds.
 */
function mountFlagsOf(capabilities: readonly VolumeCapability[]): readonly string[] {
  const mountFlags = capabilities[0]?.mount?.mount_flags ?? [];
  const bytes = mountFlags.reduce((sum, flag) => sum + Buffer.byteLength(flag), mountFlags.length);
  if (bytes > MAX_MOUNT_FLAGS_BYTES) {
    throw invalid(
      `mount_flags have ${bytes} bytes: CSI allows ${MAX_MOUNT_FLAGS_BYTES}; shorten the mountOptions of the StorageClass`,
    );
  }
  return mountFlags;
}

/** Throws InvalidRequest when there is no id. */
export function requireVolumeId(volumeId: string): string {
  if (volumeId === "") throw invalid("volume_id is missing");
  return volumeId;
}

/** Throws InvalidRequest for a negative number; 0 means as many as fit. */
export function requireMaxEntries(maxEntries: number): number {
  if (maxEntries < 0) throw invalid(`max_entries ${maxEntries} is negative: give 0 or more`);
  return maxEntries;
}

/** Throws InvalidRequest when no size is asked for, or a capability that is not supported. */
export function toExpandRange(message: ControllerExpandVolumeRequest): SizeRange {
  if (message.volume_capability !== null) assertCapabilities([message.volume_capability]);
  const range = sizesOf(message.capacity_range);
  if (range.requiredBytes === 0 && range.limitBytes === 0)
    throw invalid("capacity_range is missing: state required_bytes");
  return range;
}

/** Throws InvalidRequest when none is given or one is not supported. */
export function assertCapabilities(capabilities: readonly VolumeCapability[]): void {
  if (capabilities.length === 0) throw invalid("volume_capabilities are missing");
  const problem = findUnsupported(capabilities);
  if (problem !== undefined) throw invalid(problem);
}

/** Why one of the capabilities is not supported, or undefined when all are. */
export function findUnsupported(capabilities: readonly VolumeCapability[]): string | undefined {
  for (const { access_type: type, access_mode: access } of capabilities) {
    if (type === "block") return "raw block volumes are not supported: use volumeMode Filesystem";
    if (type !== "mount") return "volume_capability without access_type: state mount";
    const mode = access?.mode ?? "UNKNOWN";
    if (!ACCESS_MODES.includes(String(mode)))
      return `access mode ${mode} is not supported: use ${ACCESS_MODES.join(", ")}`;
  }
  return undefined;
}

function assertName(name: string): void {
  if (name === "") throw invalid("name is missing");
  const bytes = Buffer.byteLength(name, "utf8");
  if (bytes > MAX_NAME_BYTES) throw invalid(`name has ${bytes} bytes: at most ${MAX_NAME_BYTES} are allowed`);
  // CSI leaves out control characters; they would also end up in logs and HTTP headers.
  if (/\p{Cc}/u.test(name)) throw invalid(`name ${JSON.stringify(name)} has control characters: remove them`);
}

function sizesOf(range: CapacityRange | null): SizeRange {
  const requiredText = range?.required_bytes ?? "0";
  const requiredBytes = toBytes("required_bytes", requiredText);
  return {
    requiredBytes,
    limitBytes: toBytes("limit_bytes", range?.limit_bytes ?? "0"),
    ...(requiredBytes === Number.MAX_SAFE_INTEGER && { requiredText }),
  };
}

/** Exact up to 2^53, which is more than any account holds: past that only a message needs the exact value. */
function toBytes(field: string, text: string): number {
  const value = BigInt(text);
  if (value < 0n) throw invalid(`${field} "${text}" is negative: give a number of bytes`);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** The claim that csi-provisioner names with `--extra-create-metadata`. */
export function claimOf(parameters: Readonly<Record<string, string>>): ClaimRef | undefined {
  const name = parameters[CLAIM_NAME];
  const namespace = parameters[CLAIM_NAMESPACE];
  return name && namespace ? { namespace, name } : undefined;
}

/** Go sends a map in another order each time, and an event is counted only while its text is the same. */
function namesOf(map: Readonly<Record<string, string>>): string[] {
  return Object.keys(map).sort();
}

function invalid(message: string): DriverError {
  return new DriverError("InvalidRequest", message);
}
