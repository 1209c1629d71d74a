/** The roles by which workloads read and write blobs. The default one is data-only: `keyless-csi roles` prints its definition. */
import { roleDefinitionName } from "../../volume/names.ts";

/** Its GUID for a prefix of `--role-prefix`: computed and pinned. */
export function dataRoleId(prefix: string): string {
  return roleDefinitionName("blob-data", prefix);
}

/** Storage Blob Data Contributor and Storage Blob Data Owner ("Azure built-in roles for Storage"). */
export const BUILT_IN_DATA_ROLE_IDS = ["ba92f5b4-2d11-453d-a403-e96b0029c9fe", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"];
