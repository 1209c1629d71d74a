// What an emulator holds of containers in soft delete.
import type { Emulator } from "../../src/emulator/emulator.ts";
import { deletedContainers } from "../../src/emulator/storage/deleted-containers.ts";
import type { DeletedContainer } from "../../src/emulator/world.ts";

export const BLOB_SERVICE_SCOPE = "https://storage.azure.com/.default";

/** Of all accounts, in the order in which they were deleted. */
export function deletedIn({ world, services }: Emulator): DeletedContainer[] {
  return [...world.accounts.values()].flatMap((account) => deletedContainers(services, account));
}
