/**
 * Ways in which Azure may behave where its documentation leaves it open: each has been reported or is as likely as the
 * other, and none can be settled without a subscription. A client has to be right either way, so each is a switch that a
 * test can turn while the emulator runs. All are off by default, and all but the last on in `REALISTIC_SETTINGS`. Times are
 * by the emulator's clock. docs/how-to/emulator.md has the sources.
 */
import { isObject } from "./json.ts";

export interface AzureVariants {
  /**
   * From the PUT of a role assignment until lists show it. terraform-provider-azurerm sleeps 30 s between the two in its
   * test of role assignment lists. No report says that lists show a deleted one for a while, so that has no switch.
   */
  readonly assignmentListLagMs: number;
  /**
   * From the PUT of a role assignment until GET by name finds it (404 RoleAssignmentNotFound): terraform-provider-azurerm
   * 9379; it polls until five reads in a row succeed (6925).
   */
  readonly assignmentReadLagMs: number;
  /**
   * From the PUT of a custom role definition until all replicas have it: until then every other call that needs it does
   * not find it, GET, list and the PUT of an assignment alike (azure-cli 20727, terraform-provider-azurerm 10602).
   */
  readonly roleDefinitionFlipMs: number;
  /**
   * DELETE of a role assignment that does not exist is 403 AuthorizationFailed for a caller whose right to delete carries
   * a condition: there is nothing that could fulfil it. Off: 204.
   */
  readonly absentDeleteRefused: boolean;
  /** A list of role assignments at an account or container that does not exist is 404 ResourceNotFound. Off: 200. */
  readonly vanishedListMissing: boolean;
  /**
   * DELETE of a role assignment at an account or container that does not exist is 403 AuthorizationFailed ("or the scope
   * is invalid") for everyone but who may delete role assignments in the whole subscription (azure-service-operator 5009).
   */
  readonly vanishedDeleteRefused: boolean;
  /**
   * Polling the 202 of an account's PUT needs `Microsoft.Storage/operations/read` in the account's resource group: ARM,
   * "Track asynchronous Azure operations", permission for tracking; azure-docs 111535. Off: every caller may poll.
   */
  readonly pollNeedsRight: boolean;
  /**
   * A list's nextLink names another host than the one that was asked: what a resource provider builds that does not take
   * the host from the referer header, as ARM's resource provider contract wants it (azure-resource-manager-rpc 67).
   */
  readonly nextLinkElsewhere: boolean;
  /**
   * A new account whose `encryption` names no `services` is 400 MissingEncryptionService, and one without `keySource`
   * MissingEncryptionKeySource; the reference does not say what holds then. Off: blobs and files are encrypted all the same.
   */
  readonly encryptionNeedsServices: boolean;
  /**
   * The newest api-version that this cloud knows, such as `2025-06-01`; every provider knows its older ones. Clouds other than the
   * public one lag: US Government and China refused 2025-08-01 of Microsoft.Storage in May 2026 (terraform-provider-azurerm
   * 32402, 32301). `""`: all.
   */
  readonly newestApiVersion: string;
  /**
   * A new block blob account whose body states its access tier is 400 InvalidAccessTier: the reference says of Premium that it
   * "cannot be changed", and names it the default. Off: stating it is accepted.
   */
  readonly premiumTierRefused: boolean;
  /**
   * A word that an enumeration of Microsoft.Storage does not have is 400 RequestIsNotValidJson, as null is where an
   * enumeration is expected (bicep 9712). Off: InvalidRequestPropertyValue, which is reported of words that it does have.
   */
  readonly unknownValuesUnreadable: boolean;
  /**
   * A member of `properties` that the api-version does not know is 400 RequestIsNotValidJson. Off: Microsoft.Storage leaves
   * it out, as its neighbours do; no page says which.
   */
  readonly unknownMembersRefused: boolean;
  /**
   * A call at a container of the Blob service, by token, needs a data action on its blobs as well: 403
   * AuthorizationPermissionMismatch. Off: the action alone is enough, as the table of "Permissions for calling data operations"
   * says; the built-in roles that may create containers all have both.
   */
  readonly containersNeedDataAction: boolean;
}

/** Azure as its documentation reads at first. */
export const NO_VARIANTS: AzureVariants = {
  assignmentListLagMs: 0,
  assignmentReadLagMs: 0,
  roleDefinitionFlipMs: 0,
  absentDeleteRefused: false,
  vanishedListMissing: false,
  vanishedDeleteRefused: false,
  pollNeedsRight: false,
  nextLinkElsewhere: false,
  encryptionNeedsServices: false,
  newestApiVersion: "",
  premiumTierRefused: false,
  unknownValuesUnreadable: false,
  unknownMembersRefused: false,
  containersNeedDataAction: false,
};

/** Azure at its least convenient. */
export const ALL_VARIANTS: AzureVariants = {
  assignmentListLagMs: 30_000,
  assignmentReadLagMs: 15_000,
  roleDefinitionFlipMs: 300_000,
  absentDeleteRefused: true,
  vanishedListMissing: true,
  vanishedDeleteRefused: true,
  pollNeedsRight: true,
  nextLinkElsewhere: true,
  encryptionNeedsServices: true,
  // The public cloud's: it lags behind nobody.
  newestApiVersion: "2026-09-01",
  premiumTierRefused: true,
  unknownValuesUnreadable: true,
  unknownMembersRefused: true,
  containersNeedDataAction: true,
};

/** Throws an Error that names what is not a variant, or has a value of another kind than its default's. */
export function parseVariants(json: unknown): Partial<AzureVariants> {
  if (!isObject(json)) throw new Error("send an object of variants");
  for (const [name, value] of Object.entries(json)) {
    const byDefault: unknown = NO_VARIANTS[name as keyof AzureVariants];
    if (!Object.hasOwn(NO_VARIANTS, name)) {
      throw new Error(`"${name}" is not known; known are ${Object.keys(NO_VARIANTS).join(", ")}`);
    }
    if (typeof byDefault === "boolean" && typeof value !== "boolean") throw new Error(`${name} must be true or false`);
    if (typeof byDefault === "string" && !(typeof value === "string" && /^(\d{4}-\d{2}-\d{2})?$/.test(value))) {
      throw new Error(`${name} must be a date as in 2025-06-01, or empty`);
    }
    if (typeof byDefault === "number" && !(Number.isSafeInteger(value) && Number(value) >= 0)) {
      throw new Error(`${name} must be a whole number of milliseconds`);
    }
  }
  return json;
}
