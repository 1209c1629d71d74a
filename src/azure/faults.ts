/**
 * The only place where a failure of Azure becomes a DriverError: by ARM's error code first, then by HTTP status. What the codes
 * mean, and the words for those that need more than Azure's own, are in refusals/.
 */
import { DriverError, type Reason } from "../errors.ts";
import { condense } from "../text/condense.ts";
import { LONGEST_MESSAGE } from "../text/cut.ts";
import { IN_FORCE } from "../text/missing-role.ts";
import { keptError } from "./error-body.ts";
import { rolesRemedy } from "./missing-role.ts";
import { findRefusal, forProvider, signInRemedy } from "./refusals/codes.ts";
import { denyAssignmentRemedy, describeDenyAssignment, isByDenyAssignment } from "./refusals/deny-assignment.ts";
import { describeMissingRight, missingRightRemedy } from "./refusals/missing-right.ts";
import { type ComplyingParameter, describeDenials, policyRemedy } from "./refusals/policy-words.ts";
import { describeLock, lockRemedy } from "./refusals/scope-lock.ts";
import { isOfRoles, maySettle } from "./settling.ts";

/** For codes that are in no table, and answers without one. */
const BY_STATUS: Readonly<Record<number, Reason>> = {
  // Whose fault it is, only Azure's words say.
  400: "Misconfigured",
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
  Misconfigured:
    "Azure's words say what it does not accept: if neither the class nor the subscription explains it, report it as a fault of keyless-csi",
  Unauthenticated: "check the controller's own credential",
  Throttled: "it is tried again",
  Unavailable: "it is tried again",
  Busy: "it is tried again",
  DeadlineExceeded: "it is tried again",
};

/** What Azure says always has this much room. */
const SHORTEST_WORDS = 200;

/** What Azure's SDKs throw, as far as it is read here. */
interface AzureFault {
  readonly statusCode?: number;
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  readonly details?: unknown;
  readonly response?: unknown;
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

export interface TranslationOptions {
  /** False: the refusal does not pass by itself, however new roles are. */
  readonly mayPass?: boolean;
  /** For the creation of what a class shapes: how a class would comply with a policy. */
  readonly complyingParameter?: ComplyingParameter;
  /** What helps, where the caller knows better than the tables. */
  readonly remedy?: string;
}

/** `doing` says what was tried on which resource: "creating storage account kl7f in resource group data". */
export function toDriverError(error: unknown, doing: string, options: TranslationOptions = {}): DriverError {
  if (error instanceof DriverError) return error;
  const fault = asFault(error) ?? {};
  const code = decidingCodeOf(fault);
  const isOfRole = options.mayPass !== false && isOfRoles(code) && !isByDenyAssignment(code, textOf(fault, error));
  const isSettling = isOfRole && maySettle(error, code);
  const { reason, words, remedy: usual } = translate({ fault, error, code, options });
  const remedy = options.remedy ?? usual;
  // Which request of a call meets a limit first differs from attempt to attempt, and the message has to stay the same.
  const what = `${isHeldBack(fault) ? HELD_BACK : `${doing} failed`} (${describe(fault, code)}): `;
  const settling = isOfRole ? `; ${IN_FORCE}${isSettling ? ": it is tried again" : ""}` : "";
  const end = `${remedy === undefined ? "" : `; ${remedy}`}${settling}`;
  const room = Math.max(SHORTEST_WORDS, LONGEST_MESSAGE - what.length - end.length);
  const said = condense(words(room), room, doing).replace(/[.;,]+$/, "");
  return new DriverError(isSettling ? "Unavailable" : reason, `${what}${said}${end}`, { cause: error });
}

const HELD_BACK = "Azure's request limits hold this up";

/** Not sent, or not again: the budget states no answer in what it throws. */
function isHeldBack({ statusCode, code, response }: AzureFault): boolean {
  return statusCode === 429 && code === "TooManyRequests" && response === undefined;
}

interface Refused {
  readonly fault: AzureFault;
  readonly error: unknown;
  readonly code: string | undefined;
  readonly options: TranslationOptions;
}

interface Translation {
  readonly reason: Reason;
  /** For so many characters, which they may exceed. */
  readonly words: (room: number) => string;
  readonly remedy: string | undefined;
}

/** One case for each kind of refusal that has words or a remedy of its own. */
function translate(refused: Refused): Translation {
  const { fault, error, code, options } = refused;
  const text = textOf(fault, error);
  const own = (reason: Reason, words: string | undefined, remedy: string): Translation => ({
    reason,
    words: () => words ?? text,
    remedy,
  });
  if (isByDenyAssignment(code, text)) {
    return own("Misconfigured", describeDenyAssignment(text), denyAssignmentRemedy(text));
  }
  const reason = reasonOf(fault, code);
  switch (code) {
    case "RequestDisallowedByPolicy": {
      // The SDK's long-running operations hand over the message alone.
      const body = bodyOf(fault) ?? fault;
      const words = (room: number) => {
        const denied = describeDenials(body, room - POLICY_WORDS.length);
        return denied === undefined ? text : `${POLICY_WORDS}${denied}`;
      };
      return { reason, words, remedy: policyRemedy(body, options.complyingParameter) };
    }
    case "ScopeLocked":
      return own(reason, describeLock(text), lockRemedy(text));
    case "AuthorizationFailed":
    case "LinkedAuthorizationFailed":
      return own(reason, describeMissingRight(text), missingRightRemedy(text));
    default:
      return { reason, words: () => text, remedy: remedyFor(refused, reason, text) };
  }
}

const POLICY_WORDS = "Azure Policy denies it, ";

function remedyFor({ fault, code }: Refused, reason: Reason, text: string): string | undefined {
  if (isSignIn(fault) && reason === "Unauthenticated") return signInRemedy(text);
  const known = code === undefined ? undefined : findRefusal(code)?.remedy;
  if (known !== undefined) return forProvider(known, text);
  return reason === "Forbidden" ? `unless Azure's words name another cause, ${rolesRemedy(text)}` : REMEDIES[reason];
}

function reasonOf(fault: AzureFault, code: string | undefined): Reason {
  const { statusCode, name } = fault;
  const byCode = code === undefined ? undefined : findRefusal(code)?.reason;
  if (byCode !== undefined) return byCode;
  if (name === "AbortError") return "DeadlineExceeded";
  // Entra answers 400 and 401 for a credential that it does not accept; what else fails there is an outage.
  if (isSignIn(fault)) return statusCode === 429 || (statusCode ?? 0) >= 500 ? "Unavailable" : "Unauthenticated";
  return (statusCode === undefined ? undefined : BY_STATUS[statusCode]) ?? "Unavailable";
}

function isSignIn({ name }: AzureFault): boolean {
  return /^(Aggregate)?Authentication|^CredentialUnavailable/.test(name ?? "");
}

function describe({ statusCode, name }: AzureFault, code: string | undefined): string {
  const status = statusCode === undefined ? (name ?? "no answer") : `HTTP ${statusCode}`;
  return code === undefined || code === status ? status : `${code}, ${status}`;
}

/** Azure's own words, as long as they are. */
function textOf(fault: AzureFault, error: unknown): string {
  if (fault.name === "AbortError") return "no answer within the time limit";
  const text = String(bodyOf(fault)?.message ?? fault.message ?? error);
  return withoutAddress(text.replace(LONG_RUNNING, ""));
}

/** What the SDK's poller throws: an error without a member for the code. */
const LONG_RUNNING = /^The long-running operation has failed\. ?(?:(\w+)\. )?/;

/** The code that says most: where ARM's own says only that something inside has failed, the first known one inside. */
function decidingCodeOf(fault: AzureFault): string | undefined {
  const code = codeOf(fault) ?? LONG_RUNNING.exec(fault.message ?? "")?.[1];
  if (code === undefined || findRefusal(code) !== undefined || (fault.statusCode ?? 0) >= 500) return code;
  const { details } = (bodyOf(fault) ?? {}) as { readonly details?: unknown };
  const inner = (Array.isArray(details) ? details : []).map((detail) => (detail as { code?: unknown } | null)?.code);
  const known = inner.filter((each) => typeof each === "string").find((each) => findRefusal(each) !== undefined);
  return known ?? code;
}

/** `connect ETIMEDOUT 20.150.1.2:443`: a name of Azure has many addresses, and the message has to stay the same. */
function withoutAddress(text: string): string {
  return text.replace(/\b(E[A-Z]{3,}) [\da-f.:[\]]+:\d{1,5}\b/g, "$1");
}

/** The error in ARM's body, which some SDKs hand over without the member `error` around it. */
function bodyOf(fault: AzureFault): { readonly code?: unknown; readonly message?: unknown } | undefined {
  const body = (keptError(fault) ?? fault.details) as
    | { error?: object | string | null; code?: unknown; message?: unknown }
    | undefined;
  return typeof body?.error === "object" && body.error !== null ? body.error : body;
}

function asFault(error: unknown): AzureFault | undefined {
  return typeof error === "object" && error !== null ? (error as AzureFault) : undefined;
}
