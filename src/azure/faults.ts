/**
 * The only place where a failure of Azure becomes a DriverError: by ARM's error code first, then by HTTP status. Sources of
 * the codes: REST reference of Microsoft.Storage and Microsoft.Authorization, "Troubleshoot Azure RBAC".
 */
import { DriverError, type Reason } from "../errors.ts";
import { cut } from "../text/cut.ts";
import { IN_FORCE, rolesRemedy } from "./missing-role.ts";
import { describeDenials } from "./policy-denial.ts";
import { isOfRoles, maySettle } from "./settling.ts";

const BY_CODE: Readonly<Record<string, Reason>> = {
  AccountNameInvalid: "InvalidRequest",
  StorageAccountNameNotValid: "InvalidRequest",
  InvalidValuesForRequestParameters: "InvalidRequest",
  InvalidAccountType: "InvalidRequest",
  InvalidAccessTier: "InvalidRequest",
  LocationNotValid: "InvalidRequest",
  LocationNotAvailableForResourceType: "InvalidRequest",
  AccountTypeNotSupportedInLocation: "InvalidRequest",
  TooManyTags: "InvalidRequest",
  MaxTagKeyLengthExceeded: "InvalidRequest",
  MaxTagValueLengthExceeded: "InvalidRequest",
  AccountPropertyCannotBeSet: "InvalidRequest",
  AccountPropertyCannotBeUpdated: "InvalidRequest",
  StorageAccountTypeConversionNotAllowed: "InvalidRequest",
  KeyVaultAuthenticationFailure: "Misconfigured",
  KeyVaultKeyNotFound: "Misconfigured",
  KeyVaultPolicyError: "Misconfigured",
  RequestDisallowedByPolicy: "Misconfigured",
  SubscriptionDisabled: "Misconfigured",
  SubscriptionNotFound: "Misconfigured",
  SubscriptionStateForbidden: "Misconfigured",
  SubscriptionNotRegistered: "Misconfigured",
  MissingSubscriptionRegistration: "Misconfigured",
  ReadOnlyDisabledSubscription: "Misconfigured",
  ResourceGroupNotFound: "Misconfigured",
  ResourceGroupBeingDeleted: "Misconfigured",
  RoleDefinitionDoesNotExist: "Misconfigured",
  RoleAssignmentScopeNotAssignableToRoleDefinition: "Misconfigured",
  ScopeLocked: "InUse",
  ContainerImmutabilityPolicyConflict: "InUse",
  ContainerProtectedFromDeletion: "InUse",
  // New principals take a while to be known everywhere; principalType is sent, so that this is rare.
  PrincipalNotFound: "Unavailable",
  RoleAssignmentUpdateNotPermitted: "Internal",
  InvalidRoleAssignmentId: "Internal",
  RoleAssignmentLimitExceeded: "QuotaExhausted",
  MaxStorageAccountsCountPerSubscriptionExceeded: "QuotaExhausted",
  QuotaExceeded: "QuotaExhausted",
  InvalidAuthenticationToken: "Unauthenticated",
  InvalidAuthenticationTokenTenant: "Unauthenticated",
  ExpiredAuthenticationToken: "Unauthenticated",
  AuthenticationFailed: "Unauthenticated",
  AuthorizationFailed: "Forbidden",
  LinkedAuthorizationFailed: "Forbidden",
  StorageAccountBeingCreated: "Busy",
  StorageAccountIsNotProvisioned: "Busy",
  StorageAccountOperationInProgress: "Busy",
  SubscriptionOperationInProgress: "Busy",
  ContainerOperationFailure: "Unavailable",
  ContainerBeingDeleted: "Unavailable",
};

const BY_STATUS: Readonly<Record<number, Reason>> = {
  400: "InvalidRequest",
  401: "Unauthenticated",
  403: "Forbidden",
  // The resource has been deleted meanwhile; the next attempt looks again.
  404: "Unavailable",
  408: "Unavailable",
  409: "Busy",
  412: "Busy",
  429: "Throttled",
};

const REMEDIES: Partial<Readonly<Record<Reason, string>>> = {
  InvalidRequest: "correct the class's parameters",
  Unauthenticated: "check the controller's own credential",
  QuotaExhausted: "raise the limit in Azure, or use another subscription or region",
  Throttled: "it is tried again",
  Unavailable: "it is tried again",
  Busy: "it is tried again",
  DeadlineExceeded: "it is tried again",
  InUse: "its holder must release it",
};

const ROLE_REMEDIES: Readonly<Record<string, string>> = {
  RoleDefinitionDoesNotExist: "create it with the output of `keyless-csi roles`, or name another with --role",
  RoleAssignmentScopeNotAssignableToRoleDefinition:
    "apply the output of `keyless-csi roles` for this subscription (--allowed-resource-groups or --assignable-in names it)",
};
const POLICY_REMEDY =
  "change the class so that it complies, or ask the owner of the policy assignment for an exemption";

/** What Azure's SDKs throw, as far as it is read here. */
interface AzureFault {
  readonly statusCode?: number;
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  readonly details?: unknown;
}

/** ARM's error code (`RoleAssignmentExists`), or undefined when the fault did not come from ARM. */
export function codeOf(error: unknown): string | undefined {
  const fault = asFault(error);
  const code = (fault && bodyOf(fault)?.code) ?? fault?.code;
  return typeof code === "string" ? code : undefined;
}

/** HTTP status, or undefined when no answer came. */
export function statusOf(error: unknown): number | undefined {
  return asFault(error)?.statusCode;
}

/**
 * `doing` says what was tried on which resource: "creating storage account kl7f in resource group data". `mayPass` false: the
 * refusal does not pass by itself, however new roles are.
 */
export function toDriverError(error: unknown, doing: string, mayPass = true): DriverError {
  if (error instanceof DriverError) return error;
  const fault = asFault(error) ?? {};
  const code = codeOf(error);
  const isSettling = mayPass && maySettle(error, code);
  const reason = isSettling ? "Unavailable" : reasonOf(fault, code);
  // The SDK's long-running operations hand over the message alone.
  const denied = code === "RequestDisallowedByPolicy" ? describeDenials(bodyOf(fault) ?? fault) : undefined;
  const words = denied === undefined ? firstLine(fault, error) : `Azure Policy denies it, ${denied}`;
  const settling = mayPass && isOfRoles(code) ? `; ${IN_FORCE}${isSettling ? ": it is tried again" : ""}` : "";
  const remedy = remedyFor({ reason: isSettling ? "Forbidden" : reason, code, text: textOf(fault, error) });
  return new DriverError(
    reason,
    `${doing} failed (${describe(fault, code)}): ${words}${remedy === undefined ? "" : `; ${remedy}`}${settling}`,
    { cause: error },
  );
}

interface Refusal {
  readonly reason: Reason;
  readonly code: string | undefined;
  /** Azure's own words, whole. */
  readonly text: string;
}

function remedyFor({ reason, code = "", text }: Refusal): string | undefined {
  if (code === "RequestDisallowedByPolicy") return POLICY_REMEDY;
  return ROLE_REMEDIES[code] ?? (reason === "Forbidden" ? rolesRemedy(text) : REMEDIES[reason]);
}

function reasonOf({ statusCode, name }: AzureFault, code: string | undefined): Reason {
  const byCode = code === undefined ? undefined : BY_CODE[code];
  if (byCode !== undefined) return byCode;
  if (name === "AbortError") return "DeadlineExceeded";
  const isSignIn = name?.startsWith("Authentication") === true || name?.startsWith("CredentialUnavailable") === true;
  // Entra answers 400 and 401 for a credential that it does not accept; what else fails there is an outage.
  if (isSignIn) return statusCode === 429 || (statusCode ?? 0) >= 500 ? "Unavailable" : "Unauthenticated";
  return (statusCode === undefined ? undefined : BY_STATUS[statusCode]) ?? "Unavailable";
}

function describe({ statusCode, name }: AzureFault, code: string | undefined): string {
  const status = statusCode === undefined ? (name ?? "no answer") : `HTTP ${statusCode}`;
  return code === undefined || code === status ? status : `${code}, ${status}`;
}

/** Azure's own words, one line of at most 400 characters: the rest (trace ids, JSON) is in the log's cause. */
function firstLine(fault: AzureFault, error: unknown): string {
  if (fault.name === "AbortError") return "no answer within the time limit";
  return cut(textOf(fault, error).split(/[\r\n]/, 1)[0] ?? "", 400);
}

function textOf(fault: AzureFault, error: unknown): string {
  return String(bodyOf(fault)?.message ?? fault.message ?? error);
}

/** The error in ARM's body, which some SDKs hand over without the member `error` around it. */
function bodyOf({ details }: AzureFault): { readonly code?: unknown; readonly message?: unknown } | undefined {
  const body = details as { error?: object | string | null; code?: unknown; message?: unknown } | undefined;
  return typeof body?.error === "object" && body.error !== null ? body.error : body;
}

function asFault(error: unknown): AzureFault | undefined {
  return typeof error === "object" && error !== null ? (error as AzureFault) : undefined;
}
