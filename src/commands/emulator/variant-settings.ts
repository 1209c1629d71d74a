/** The flags of `keyless-csi emulator` that say how Azure behaves where its documentation leaves it open. */
import { amount, pattern, toggle } from "../../config/kinds.ts";
import { optional, type ValuesOf } from "../../config/setting.ts";
import type { AzureVariants } from "../../emulator/variants.ts";
import { pattern as patternOf } from "../../text/values.ts";

const apiVersion = pattern(
  "DATE",
  patternOf(/^\d{4}-\d{2}-\d{2}$/, { wrong: "is not an api-version", fix: "write its date, as in 2025-06-01" }),
);

const VARIANTS = "Where Azure may differ";

function seconds(help: string, realistic: number) {
  return optional(amount({ max: 86_400 }), { group: VARIANTS, help, absent: `0, or ${realistic} with --realistic` });
}

function onOrOff(help: string) {
  return optional(toggle, { group: VARIANTS, help, absent: "off, or on with --realistic" });
}

export const variantSettings = {
  "list-lag-seconds": seconds("how long lists of role assignments do not show a new one", 30),
  "read-lag-seconds": seconds("how long reading a new role assignment by its name answers 404", 15),
  "role-flip-seconds": seconds("how long every other call does not find a custom role that was just written", 300),
  "absent-delete-refused": onOrOff("deleting a role assignment that does not exist is 403 under a condition, not 204"),
  "vanished-list-missing": onOrOff("listing role assignments at an account or container that is gone is 404, not 200"),
  "vanished-delete-refused": onOrOff("deleting a role assignment at an account or container that is gone is 403"),
  "poll-needs-right": onOrOff("polling the creation of an account needs Microsoft.Storage/operations/read"),
  "next-link-elsewhere": onOrOff("lists continue at another host than the one that was asked"),
  "encryption-needs-services": onOrOff("a new account whose encryption names no services is refused"),
  "newest-api-version": optional(apiVersion, {
    group: VARIANTS,
    help: "the newest api-version that this cloud knows, as of a cloud other than the public one",
    absent: "all that Azure has published",
  }),
  "premium-tier-refused": onOrOff("a new block blob account that states its access tier is refused"),
  "unknown-values-unreadable": onOrOff("a word that an enumeration does not have is RequestIsNotValidJson"),
  "unknown-members-refused": onOrOff("a property that the api-version does not know is refused, not left out"),
  "containers-need-data-action": optional(toggle, {
    group: VARIANTS,
    help: "calls at a container of the Blob service need a data action too",
    absent: "off",
  }),
};

/** Those that were given. */
export function toVariants(values: ValuesOf<typeof variantSettings>): Partial<AzureVariants> {
  const variants: { readonly [Name in keyof AzureVariants]: AzureVariants[Name] | undefined } = {
    assignmentListLagMs: toMilliseconds(values.listLagSeconds),
    assignmentReadLagMs: toMilliseconds(values.readLagSeconds),
    roleDefinitionFlipMs: toMilliseconds(values.roleFlipSeconds),
    absentDeleteRefused: values.absentDeleteRefused,
    vanishedListMissing: values.vanishedListMissing,
    vanishedDeleteRefused: values.vanishedDeleteRefused,
    pollNeedsRight: values.pollNeedsRight,
    nextLinkElsewhere: values.nextLinkElsewhere,
    encryptionNeedsServices: values.encryptionNeedsServices,
    newestApiVersion: values.newestApiVersion,
    premiumTierRefused: values.premiumTierRefused,
    unknownValuesUnreadable: values.unknownValuesUnreadable,
    unknownMembersRefused: values.unknownMembersRefused,
    containersNeedDataAction: values.containersNeedDataAction,
  };
  return Object.fromEntries(Object.entries(variants).filter(([, value]) => value !== undefined));
}

function toMilliseconds(given: number | undefined): number | undefined {
  return given === undefined ? undefined : given * 1000;
}
