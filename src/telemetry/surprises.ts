/** What an administrator should look at, though the call succeeds, as logs and metrics. */
import { LONGEST_NAME, shown } from "../text/cut.ts";
import type { AccountRef, AppObserver, RoleAssignment, SeenAccount } from "./app-observer.ts";
import type { LogFields, Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { VolumesSeen } from "./volume-metrics.ts";

/** Why DeleteVolume has deleted nothing. */
const NOTHING_DELETED = {
  handle: "nothing was deleted: the volume handle is not one that this driver gives out",
  account: "nothing was deleted: the storage account or its resource group does not exist there (moved or deleted)",
  "file system":
    "nothing was deleted: the container does not exist in the storage account (deleted before, or by others)",
} as const;

/** Documented: a search for it finds what an upgrade from 0.1 has left to do. */
const UNMARKED = "storage account carries no cluster's mark: see docs/how-to/platform-teams.md, Marks";

/** The part of the observer that reports it; `inCall` has the fields of the call that is running. */
export function observeSurprises(
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
  inCall: () => LogFields,
): Pick<
  AppObserver,
  | "olderVersionUsed"
  | "roleAssignmentLeft"
  | "unmarked"
  | "tagsLost"
  | "tagsNotRestored"
  | "accountKept"
  | "classNotPrewarmed"
  | "accountsNotCounted"
  | "nothingDeleted"
> {
  // An increase is seen only from a value that was there before.
  for (const missing of Object.keys(NOTHING_DELETED)) metrics.countNothingDeleted(missing, 0);
  return {
    olderVersionUsed({ provider, from, to }, unseen) {
      const blind = unseen.length === 0 ? "" : `, which does not show ${unseen.join(", ")} of an account`;
      log.warn(
        `this cloud does not know api-version ${from} of ${provider}: ${to} is used until the process ends${blind}`,
        inCall(),
      );
    },
    roleAssignmentLeft: (assignment, message) => log.warn(message, { ...inCall(), ...toAssignmentFields(assignment) }),
    unmarked: (account) => log.warn(UNMARKED, { ...inCall(), ...toAccountFields(account) }),
    tagsLost({ ref }, fix) {
      metrics.countLostTags();
      log.error("storage account lost the tags of this controller", {
        ...inCall(),
        ...accountFields(ref),
        fix,
      });
    },
    tagsNotRestored: ({ ref }, error) =>
      log.warn("tags of a storage account were not put back", { ...inCall(), ...accountFields(ref), error }),
    accountKept: (ref) =>
      log.warn("storage account is empty and was kept: nothing says whether it was made for the deleted volume alone", {
        ...inCall(),
        ...accountFields(ref),
      }),
    accountsNotCounted: (region) =>
      log.info(
        "storage accounts are not counted for the metrics: the controller lacks the optional role usage",
        region,
      ),
    classNotPrewarmed: (className, error) =>
      log.warn("no accounts are made ahead for a StorageClass: its parameters are wrong", {
        ...inCall(),
        storageClass: className,
        error,
      }),
    nothingDeleted({ volumeId, missing, fileSystem }) {
      metrics.countNothingDeleted(missing);
      const where = fileSystem && { ...accountFields(fileSystem.account), container: fileSystem.name };
      // csi-provisioner often repeats a deletion that has just succeeded: not worth a warning.
      const level = missing === "file system" ? "info" : "warn";
      log[level](NOTHING_DELETED[missing], { ...inCall(), volumeId: shown(volumeId, LONGEST_NAME), ...where });
    },
  };
}

/** Of the background check of volumes. */
export function describeLosses({ checked, withoutStorage, withoutAccess }: VolumesSeen): string {
  const isNone = withoutStorage + withoutAccess === 0;
  const lost = isNone ? "none any more" : `${withoutStorage} their container, ${withoutAccess} their role assignment`;
  return `volumes in use that have lost something in Azure, of ${checked}: ${lost}`;
}

function accountFields({ subscriptionId, ...ref }: AccountRef): LogFields {
  return { ...toAccountFields({ ref }), subscriptionId };
}

/** A role assignment as every line names it. */
export function toAssignmentFields({ name, scope, principalId }: RoleAssignment): LogFields {
  return { roleAssignment: name, container: scope, principalId };
}

/** An account as every line names it. */
export function toAccountFields({ ref: { name, resourceGroup } }: SeenAccount): LogFields {
  return { account: name, resourceGroup };
}
