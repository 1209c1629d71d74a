/** The data-only role that workloads are assigned by default: `keyless-csi roles` prints its definition. */
import { roleDefinitionName } from "../../volume/names.ts";

/** Its GUID for a prefix of `--role-prefix`: computed and pinned. */
export function dataRoleId(prefix: string): string {
  return roleDefinitionName("blob-data", prefix);
}
