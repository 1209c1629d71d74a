/**
 * The only place where a failure of Azure becomes a DriverError: by ARM's error code first, then by HTTP status. Sources of
 * the codes: REST reference of Microsoft.Storage and Microsoft.Authorization, "Troubleshoot Azure RBAC".
 */
import { DriverError, type Reason } from "../errors.ts";
import { cut } from "../text/cut.ts";
import { describeDenials } from "./policy-denial.ts";
import { maySettle } from "./settling.ts";

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
  Forbidden: "give the controller's identity the roles that `keyless-csi roles` prints",
  Unauthenticated: "check the controller's own credential",
  QuotaExhausted: "raise the limit in Azure, or use another subscription or region",
  Throttled: "it is tried again",
  Unavailable: "it is tried again",
  Busy: "it is tried again",
  DeadlineExceeded: "it is tried again",
  InUse: "its holder must release it",
};

const SETTLING_REMEDIES: Readonly<Record<string, string>> = {
  RoleDefinitionDoesNotExist: "create it with the output of `keyless-csi roles`, or name another with --role",
};
const SETTLING =
  "; what was made or assigned within the last minutes takes up to ten of them to be known everywhere in Azure: it is tried again";
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
 * `doing` says what was tried on which resource: "creating storage account kl7f in resource group data". `isSettling`: whether
 * the refusal may pass by itself.
 */
export function toDriverError(
  error: unknown,
  doing: string,
  isSettling = maySettle(error, codeOf(error)),
): DriverError {
  if (error instanceof DriverError) return error;
  const fault = asFault(error) ?? {};
  const code = codeOf(error);
  const reason = isSettling ? "Unavailable" : reasonOf(fault, code);
  // The SDK's long-running operations hand over the message alone.
  const denied = code === "RequestDisallowedByPolicy" ? describeDenials(bodyOf(fault) ?? fault) : undefined;
  const words = denied === undefined ? firstLine(fault, error) : `Azure Policy denies it, ${denied}`;
  const remedy = isSettling ? settlingRemedy(code) : remedyFor(reason, code);
  return new DriverError(
    reason,
    `${doing} failed (${describe(fault, code)}): ${words}${remedy === undefined ? "" : `; ${remedy}`}`,
    { cause: error },
  );
}

function remedyFor(reason: Reason, code: string | undefined): string | undefined {
  return code === "RequestDisallowedByPolicy" ? POLICY_REMEDY : REMEDIES[reason];
}

function settlingRemedy(code = ""): string {
  return `${SETTLING_REMEDIES[code] ?? REMEDIES.Forbidden}${SETTLING}`;
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
  const text = String(bodyOf(fault)?.message ?? fault.message ?? error);
  return cut(text.split(/[\r\n]/, 1)[0] ?? "", 400);
}

/** The error in ARM's body, which some SDKs hand over without the member `error` around it. */
function bodyOf({ details }: AzureFault): { readonly code?: unknown; readonly message?: unknown } | undefined {
  const body = details as { error?: object | string | null; code?: unknown; message?: unknown } | undefined;
  return typeof body?.error === "object" && body.error !== null ? body.error : body;
}

function asFault(error: unknown): AzureFault | undefined {
  return typeof error === "object" && error !== null ? (error as AzureFault) : undefined;
}
