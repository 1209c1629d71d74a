// The mount of a capability as csi-provisioner sends it for a class that has the recommended options.
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";

export const SAFE_MOUNT = { mount_flags: [...RECOMMENDED_OPTIONS] };
