/** Refusals of Entra's token endpoint: the AADSTS codes and their JSON form. */
import { randomUUID } from "node:crypto";
import type { Call, Reply } from "../http/call.ts";

/** A refusal of the token endpoint. `error` is the OAuth 2.0 code (RFC 6749 5.2). */
export interface EntraRefusal {
  readonly status: 400 | 401;
  readonly error: string;
  readonly code: number;
  readonly message: string;
}

const FEDERATION_HELP =
  "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. " +
  "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/**
 * The refusals, named by what is wrong. Numbers and texts as Microsoft publishes them (entra/identity-platform
 * reference-error-codes) and as they are quoted in public issue reports; texts may be worded differently in Entra.
 */
export const refusals = {
  missingParameter: (name: string) =>
    bad(900144, "invalid_request", `The request body must contain the following parameter: '${name}'.`),
  postOnly: (method: string) =>
    bad(900561, "invalid_request", `The endpoint only accepts POST requests. Received a ${method} request.`),
  unsupportedGrant: (grant: string) =>
    bad(70003, "unsupported_grant_type", `The app requested an unsupported grant type '${grant}'.`),
  noTenant: () =>
    bad(
      50059,
      "invalid_request",
      "No tenant-identifying information found in either the request or implied by any provided credentials.",
    ),
  unknownTenant: (tenant: string) =>
    bad(
      90002,
      "invalid_request",
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the ` +
        "correct cloud. Check with your subscription administrator, this may happen if there are no active " +
        "subscriptions for the tenant.",
    ),
  unknownInstance: () => bad(50049, "invalid_instance", "Unknown or invalid instance."),
  unknownApplication: (clientId: string, tenant: string) =>
    bad(
      700016,
      "unauthorized_client",
      `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the ` +
        "application has not been installed by the administrator of the tenant or consented to by any user in the " +
        "tenant. You may have sent your authentication request to the wrong tenant.",
    ),
  noCredential: () =>
    unauthorised(
      7000216,
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ),
  wrongSecret: (clientId: string) =>
    unauthorised(
      7000215,
      "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not " +
        `the client secret ID, for a secret added to app '${clientId}'.`,
    ),
  wrongAssertionType: (type: string) =>
    bad(50012, "invalid_request", `The client assertion type '${type}' is not valid.`),
  malformedAssertion: (detail: string) => bad(50027, "invalid_request", `JWT token is invalid or malformed. ${detail}`),
  unknownIssuer: (issuer: string) =>
    unauthorised(
      700211,
      `No matching federated identity record found for presented assertion issuer '${issuer}'. ${FEDERATION_HELP}`,
    ),
  unknownSubject: (subject: string) =>
    unauthorised(
      700213,
      `No matching federated identity record found for presented assertion subject '${subject}'. ${FEDERATION_HELP}`,
    ),
  /** Since August 2024 (entra/identity-platform reference-breaking-changes). */
  subjectInAnotherCase: (subject: string) =>
    unauthorised(
      7002138,
      `No matching federated identity record found for presented assertion subject '${subject}'. The subject matches ` +
        `with case-insensitive comparison, but not with case-sensitive comparison. ${FEDERATION_HELP}`,
    ),
  unknownAudience: (audience: string) =>
    unauthorised(
      700212,
      `No matching federated identity record found for presented assertion audience '${audience}'. ${FEDERATION_HELP}`,
    ),
  notPropagated: () =>
    bad(
      70021,
      "invalid_request",
      `No matching federated identity record found for presented assertion. ${FEDERATION_HELP}`,
    ),
  issuerUnreachable: (detail: string) => unauthorised(501661, `Request to External OIDC endpoint failed. ${detail}`),
  badSignature: () =>
    unauthorised(
      50013,
      "Assertion failed signature validation. [Reason - The key was not found or the signature does not match.]",
    ),
  outsideTimeRange: (times: string) =>
    unauthorised(
      700024,
      `Client assertion is not within its valid time range. ${times} Review the documentation at ` +
        "https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    ),
  scopeWithoutDefault: (scope: string) =>
    bad(
      1002012,
      "invalid_scope",
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with ` +
        "/.default suffixed to the resource identifier (application ID URI).",
    ),
  severalScopes: (scope: string) =>
    bad(
      70011,
      "invalid_scope",
      `The provided request must include a 'scope' input parameter. The provided value for the input parameter ` +
        `'scope' is not valid. The scope ${scope} is not valid.`,
    ),
  unknownResource: (resource: string, tenant: string) =>
    bad(
      500011,
      "invalid_resource",
      `The resource principal named ${resource} was not found in the tenant named ${tenant}. This can happen if the ` +
        "application has not been installed by the administrator of the tenant or consented to by any user in the " +
        "tenant. You might have sent your authentication request to the wrong tenant.",
    ),
} as const satisfies Record<string, (...words: string[]) => EntraRefusal>;

function bad(code: number, error: string, message: string): EntraRefusal {
  return { status: 400, error, code, message };
}

function unauthorised(code: number, message: string): EntraRefusal {
  return { status: 401, error: "invalid_client", code, message };
}

/**
 * The error body of the token endpoint (entra/identity-platform, OAuth 2.0 client credentials flow, error response).
 */
export function toErrorReply(refusal: EntraRefusal, call: Call, now: number): Reply {
  const timestamp = new Date(now)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
  const correlationId = correlationOf(call);
  const { status, error, code, message } = refusal;
  const lines = [
    `AADSTS${code}: ${message}`,
    `Trace ID: ${call.id}`,
    `Correlation ID: ${correlationId}`,
    `Timestamp: ${timestamp}`,
  ];
  return {
    status,
    headers: { "x-ms-request-id": call.id, "cache-control": "no-store, no-cache", pragma: "no-cache" },
    body: {
      error,
      error_description: lines.join(" "),
      error_codes: [code],
      timestamp,
      trace_id: call.id,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}

function correlationOf(call: Call): string {
  const given = call.headers["client-request-id"] ?? call.query.get("client-request-id");
  return typeof given === "string" && /^[0-9a-f-]{36}$/i.test(given) ? given : randomUUID();
}
