/** The blob backend: a volume is a container, which the OSS blob node plugin mounts with blobfuse2. */
import { DriverError } from "../../errors.ts";
import type { Account, FileSystemRef } from "../../volume/ports.ts";
import type { Backend } from "../backend.ts";
import { containerId, parseScope } from "./arm-ids.ts";
import { rightsOf } from "./data-rights.ts";
import { BUILT_IN_DATA_ROLE_IDS, dataRoleId } from "./data-role.ts";
import { RECOMMENDED_OPTIONS } from "./mount-options.ts";
import { findMountProblems } from "./mount-problems.ts";
import { type BlobClass, findContradictions, PARAMETERS } from "./parameters.ts";
import { readReferences } from "./references.ts";
import { BLOB_SIZE } from "./size.ts";
import { volumeContext } from "./volume-context.ts";
import { parseVolumeId, toStaticHandle, toVolumeId } from "./volume-id.ts";

export const blobBackend: Backend<BlobClass> = {
  noun: "container",
  parameters: PARAMETERS,
  size: BLOB_SIZE,
  dataRoleId,
  builtInDataRoleIds: BUILT_IN_DATA_ROLE_IDS,
  mountOptions: RECOMMENDED_OPTIONS,
  findContradictions,
  findMountProblems,
  assertFits,
  toVolumeId,
  parseVolumeId,
  toStaticHandle,
  scopeOf: containerId,
  restoringCommand,
  parseScope,
  rightsOf,
  volumeContext,
  readReferences,
};

/** Documented in docs/how-to/platform-teams.md. */
function restoringCommand({ account, name }: FileSystemRef): string {
  const where = `--account-name ${account.name} --auth-mode login`;
  return (
    `az storage container restore ${where} --name ${name} --deleted-version VERSION, with the version that ` +
    `az storage container list ${where} --include-deleted shows`
  );
}

/** Our own accounts always fit: what the class says of the namespace is in the pool key (docs/explanation/names.md). */
function assertFits({ blobStorageAccountType, isHnsEnabled }: BlobClass, account: Account): void {
  const byType = blobStorageAccountType && blobStorageAccountType === "adls";
  if ((isHnsEnabled ?? byType ?? account.isHnsEnabled) === account.isHnsEnabled) return;
  const [what, says] = account.isHnsEnabled ? ["a", "none"] : ["no", "one"];
  throw new DriverError(
    "Misconfigured",
    `storageAccount "${account.ref.name}" has ${what} hierarchical namespace, and the class says that it has ${says} (isHnsEnabled, ` +
      "BlobStorageAccountType): make a class without these parameters, or name another account",
  );
}
