/** Azure Resource Manager's error answers: the error class of this service, and the errors that many routes share. */
import type { Reply } from "../../http/call.ts";

/** What an error may have besides status, code and message. */
interface ArmErrorExtras {
  readonly target?: string;
  readonly details?: readonly object[];
  readonly additionalInfo?: readonly object[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call that ARM or a resource provider refuses. It becomes `{error: {code, message, ...}}`. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly extras: ArmErrorExtras;

  constructor(status: number, code: string, message: string, extras: ArmErrorExtras = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.extras = extras;
  }
}

/** The answer for an error, in ARM's shape (resource-manager-common/types.json ErrorResponse). */
export function errorReply(error: ArmError): Reply {
  const { headers, ...extras } = error.extras;
  return {
    status: error.status,
    headers: { ...headers, "x-ms-failure-cause": error.status < 500 ? "gateway" : "service" },
    body: { error: { code: error.code, message: error.message, ...extras } },
  };
}

/** 400 with the code that the resource provider uses for this error. */
export function badRequest(code: string, message: string, target?: string): ArmError {
  return new ArmError(400, code, message, target === undefined ? {} : { target });
}

/** 409 with the code that the resource provider uses for this error. */
export function conflict(code: string, message: string): ArmError {
  return new ArmError(409, code, message);
}

/** 429, with how long to wait. Not an ArmError: no route has been looked for yet. */
export function tooManyRequests(code: string, message: string, waitSeconds: number): Reply {
  return { status: 429, headers: { "retry-after": String(waitSeconds) }, body: { error: { code, message } } };
}

/** 404 for a resource of a provider, with ARM's text. `path` is the resource's id below its resource group. */
export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return new ArmError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. ` +
      "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  );
}

/** 404 for a call on a child of something that does not exist. */
export function parentNotFound(parent: string): ArmError {
  return new ArmError(
    404,
    "ParentResourceNotFound",
    `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`,
  );
}

/** 404 for a resource group. */
export function resourceGroupNotFound(name: string): ArmError {
  return new ArmError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}

/** Who is refused, in the words of a token. */
export interface Refused {
  readonly clientId: string;
  readonly principalId: string;
}

/**
 * 403 with ARM's text; `mayBeCondition` for actions that are commonly granted under a condition (RBAC
 * "troubleshooting").
 */
export function authorizationFailed(who: Refused, action: string, scope: string, mayBeCondition = false): ArmError {
  const cause = mayBeCondition ? "authorization or an ABAC condition not fulfilled" : "authorization";
  return new ArmError(
    403,
    "AuthorizationFailed",
    `The client '${who.clientId}' with object id '${who.principalId}' does not have ${cause} to perform action ` +
      `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your ` +
      "credentials.",
  );
}
