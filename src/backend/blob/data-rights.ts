/** What a role lets its holder do with a container's blobs, in words. */
import { coversAction } from "../../text/action-pattern.ts";
import type { DataPermission } from "../../volume/ports.ts";

const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/** Each data action of blobs (Azure permissions "Storage", Microsoft.Storage), in the order in which its word is shown. */
const RIGHTS: Readonly<Record<string, string>> = {
  read: "read",
  write: "write",
  delete: "delete",
  "add/action": "add",
  "move/action": "move",
  "tags/read": "read tags",
  "tags/write": "write tags",
  "filter/action": "find by tags",
  "deleteBlobVersion/action": "delete versions",
  "permanentDelete/action": "delete for good",
  "manageOwnership/action": "change owners",
  "modifyPermissions/action": "change permissions",
  "runAsSuperUser/action": "everything",
  "immutableStorage/runAsSuperUser/action": "override immutability",
};

/** Empty: no data action of blobs. A permission's exceptions take nothing from another permission of the role. */
export function rightsOf(permissions: readonly DataPermission[]): string[] {
  const isGiven = (action: string) =>
    permissions.some(
      ({ dataActions, notDataActions }) => coversAction(dataActions, action) && !coversAction(notDataActions, action),
    );
  return Object.entries(RIGHTS)
    .filter(([action]) => isGiven(`${BLOBS}/${action}`))
    .map(([, word]) => word);
}
