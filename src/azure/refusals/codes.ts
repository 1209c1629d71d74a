/**
 * What each error code of Azure means for a volume, and what helps: the one table, by code, whatever the HTTP status is.
 * Sources of the codes: REST reference of Microsoft.Storage ("Common error codes", "Create storage account error codes"),
 * "Troubleshoot common Azure deployment errors", "Troubleshoot Azure RBAC".
 */
import type { Reason } from "../../errors.ts";
import { GIVE_ROLES } from "./missing-right.ts";

/** A code's meaning. */
export interface Refusal {
  readonly reason: Reason;
  /** What to do, as the end of a message; with what only the class or only the platform team can change named as such. */
  readonly remedy: string;
}

const AGAIN = "it is tried again";
const SKU_OR_REGION = "use another skuName or location in the class";
const PARAMETERS = "correct the class's parameters";
const TAGS = "correct the class's tags";
const OWN_NAME = "the controller computes this name: report it as a fault of keyless-csi";
const SUBSCRIPTION_STATE =
  "no class and no role changes that: the subscription's owner must make it active again (payment, spending limit, cancellation)";
const REGISTER = "`az provider register -n Microsoft.Storage` in that subscription";
const VAULT =
  "the account's encryption key cannot be used: the owner of the key vault must restore it, or the access of the account's identity to it";
const QUOTA = "raise the limit in Azure, or use another subscription or region";
const RELEASE = "its holder must release it";
const PRINCIPAL =
  "the class's principalID or clientID must be of a managed identity or an application (service principal)";
const CREDENTIAL = "check the controller's own credential";
const PERIMETER =
  "no role changes that: the owner of the network security perimeter must admit the controller, or use another resource group";

/** Codes with one meaning. */
export interface RefusalRow extends Refusal {
  readonly codes: readonly string[];
}

function row(codes: readonly string[], reason: Reason, remedy: string): RefusalRow {
  return { codes, reason, remedy };
}

/** Compared without case. */
export const REFUSALS: readonly RefusalRow[] = [
  row(["InvalidAccountType", "AccountTypeNotSupportedInLocation", "SkuNotAvailable"], "InvalidRequest", SKU_OR_REGION),
  row(["InvalidAccessTier"], "InvalidRequest", "use another accessTier in the class, or remove it"),
  row(
    ["LocationNotValid", "LocationNotAvailableForResourceType", "MissingRegistrationForLocation"],
    "InvalidRequest",
    "use another location in the class",
  ),
  row(
    [
      "TooManyTags",
      "MaxTagKeyLengthExceeded",
      "MaxTagValueLengthExceeded",
      "InvalidTagName",
      "InvalidTagNameCharacters",
    ],
    "InvalidRequest",
    TAGS,
  ),
  row(
    [
      "InvalidValuesForRequestParameters",
      "AccountPropertyCannotBeSet",
      "AccountPropertyCannotBeUpdated",
      "StorageAccountTypeConversionNotAllowed",
    ],
    "InvalidRequest",
    PARAMETERS,
  ),
  row(["AccountNameInvalid", "StorageAccountNameNotValid"], "Internal", OWN_NAME),
  row(
    ["RequestDisallowedByPolicy"],
    "Misconfigured",
    "change the class so that it complies, or ask the owner of the policy assignment for an exemption",
  ),
  row(["AuthorizationFailed", "LinkedAuthorizationFailed"], "Forbidden", GIVE_ROLES),
  // The Blob service's words for the same name no action. What the right to write containers is enough for is not settled.
  row(
    ["AuthorizationPermissionMismatch"],
    "Forbidden",
    `${GIVE_ROLES} (action 'Microsoft.Storage/storageAccounts/blobServices/containers/write'); if it has them, Azure wants more ` +
      "than that action here: set --container-api=arm",
  ),
  row(
    ["AuthorizationFailure"],
    "Misconfigured",
    "the account's firewall, or public network access that is off, keeps the controller from its Blob service: admit the " +
      "controller's network, or set --container-api=arm, which needs no more than ARM",
  ),
  row(["DenyAssignmentAuthorizationFailed"], "Misconfigured", "no role helps: a deny assignment outranks every role"),
  row(
    ["RequestDisallowedByAzure", "RegionDoesNotAllowProvisioning"],
    "Misconfigured",
    "no role and no policy changes that: Microsoft limits where this subscription may create resources. Use another location (the " +
      "class's, or the controller's --location), another subscription, or ask Azure support for the region",
  ),
  row(
    ["SubscriptionDisabled", "ReadOnlyDisabledSubscription", "SubscriptionStateForbidden", "SubscriptionSuspended"],
    "Misconfigured",
    SUBSCRIPTION_STATE,
  ),
  row(
    ["SubscriptionNotFound", "InvalidSubscriptionId"],
    "Misconfigured",
    "check the subscription's id and the cloud (--cloud), and that the controller's tenant (--tenant-id) is the subscription's",
  ),
  row(
    ["SubscriptionNotRegistered", "MissingSubscriptionRegistration", "InvalidSubscriptionRegistrationState"],
    "Misconfigured",
    REGISTER,
  ),
  row(
    ["ResourceGroupNotFound", "ResourceGroupBeingDeleted"],
    "Misconfigured",
    "create the resource group, or name another in the class or in the controller's --resource-group",
  ),
  row(
    ["NoRegisteredProviderFound"],
    "Misconfigured",
    "use another location in the class, or `az provider register -n Microsoft.Storage` in that subscription",
  ),
  row(
    ["RoleDefinitionDoesNotExist"],
    "Misconfigured",
    "create it with the output of `keyless-csi roles`, or name another with --role",
  ),
  row(
    ["RoleAssignmentScopeNotAssignableToRoleDefinition"],
    "Misconfigured",
    "apply the output of `keyless-csi roles` for this subscription (--allowed-resource-groups or --assignable-in names it)",
  ),
  row(
    ["LinkedInvalidPropertyId"],
    "Misconfigured",
    "an id that Azure names above leads to no resource: correct it where it is configured (--role, the class, the identity)",
  ),
  row(["UnmatchedPrincipalType", "PrincipalTypeNotSupported", "InvalidPrincipalId"], "Misconfigured", PRINCIPAL),
  row(
    ["AccountIsDisabled"],
    "Misconfigured",
    "Azure has disabled the account, most often with its subscription: its owner must have it enabled again",
  ),
  row(
    ["ScopeLocked"],
    "InUse",
    "the lock's holder must release it, an Owner or User Access Administrator at that scope",
  ),
  row(["ContainerImmutabilityPolicyConflict", "ContainerProtectedFromDeletion"], "InUse", RELEASE),
  // New principals take a while to be known everywhere; principalType is sent, so that this is rare.
  row(["PrincipalNotFound"], "Unavailable", AGAIN),
  row(
    ["RoleAssignmentUpdateNotPermitted", "InvalidRoleAssignmentId"],
    "Internal",
    "another role assignment has the name that the controller computes: nothing was changed",
  ),
  row(
    ["RoleAssignmentLimitExceeded", "MaxStorageAccountsCountPerSubscriptionExceeded", "QuotaExceeded"],
    "QuotaExhausted",
    QUOTA,
  ),
  row(
    ["InvalidAuthenticationTokenTenant"],
    "Unauthenticated",
    "check the controller's own credential: the subscription belongs to another tenant than it signs in to. Correct --tenant-id, or give " +
      "the subscription's tenant in --storage-tenants",
  ),
  row(
    ["InvalidAuthenticationToken", "ExpiredAuthenticationToken"],
    "Unauthenticated",
    "check the controller's own credential, its --cloud and its node's clock",
  ),
  row(["AuthenticationFailed", "InvalidAuthenticationInfo"], "Unauthenticated", CREDENTIAL),
  row(
    ["StorageAccountBeingCreated", "StorageAccountIsNotProvisioned", "StorageAccountOperationInProgress"],
    "Busy",
    AGAIN,
  ),
  row(["SubscriptionOperationInProgress", "AnotherOperationInProgress", "ConditionNotMet"], "Busy", AGAIN),
  row(["ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"], "Busy", AGAIN),
  row(["ContainerOperationFailure", "ContainerBeingDeleted"], "Unavailable", AGAIN),
];

const BY_CODE: ReadonlyMap<string, Refusal> = new Map(
  REFUSALS.flatMap((refusal) => refusal.codes.map((code) => [code.toLowerCase(), refusal])),
);

/** Codes of which Azure has many, with new ones at any time. */
export const REFUSALS_BY_FORM: readonly (readonly [RegExp, Refusal])[] = [
  [/keyvault/i, { reason: "Misconfigured", remedy: VAULT }],
  [/perimeter/i, { reason: "Misconfigured", remedy: PERIMETER }],
  [/quota|limitexceeded|limitreached|^max.*exceeded$/i, { reason: "QuotaExhausted", remedy: QUOTA }],
];

/** By the number of an Entra error. Source: "Microsoft Entra authentication and authorization error codes". */
const BY_ENTRA_ERROR: Readonly<Record<string, string>> = {
  "50020": "the tenant of --tenant-id is not the identity's",
  "53003": "Conditional Access blocks the identity: its administrator must admit it",
  "70021": "its identity has no federated credential with exactly this issuer, subject and audience",
  "90002": "no such tenant in this cloud: correct --tenant-id or --cloud",
  "500011": "--cloud is not the tenant's cloud",
  "700016": "no such application in that tenant: correct the client id or --tenant-id",
  "700024": "the token is too old or the clock of the node is wrong",
  "700211": "its identity has no federated credential with exactly this issuer",
  "700212": "its identity has no federated credential with exactly this audience",
  "700213": "its identity has no federated credential with exactly this subject",
  "900023": "--tenant-id is not the id of a tenant",
  "7000222": "its client secret has expired",
};

/** What is known of the code; undefined for one that stands in no list. */
export function findRefusal(code: string): Refusal | undefined {
  return BY_CODE.get(code.toLowerCase()) ?? REFUSALS_BY_FORM.find(([form]) => form.test(code))?.[1];
}

/** The same remedy for the provider that Azure's words say is not registered; without one, for Storage's. */
export function forProvider(remedy: string, text: string): string {
  const [, provider] = /not registered to use namespace '([\w.]+)'/i.exec(text) ?? [];
  return provider === undefined ? remedy : remedy.replace("Microsoft.Storage", provider);
}

/** What to do about a refused sign-in, by the first `AADSTS` number in Entra's words. */
export function signInRemedy(text: string): string {
  const cause = BY_ENTRA_ERROR[/AADSTS(\d{4,8})/.exec(text)?.[1] ?? ""];
  return cause === undefined ? CREDENTIAL : `${CREDENTIAL}: ${cause}`;
}
