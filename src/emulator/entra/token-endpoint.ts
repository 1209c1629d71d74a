/** Entra's token endpoint, versions 1 (`resource`) and 2 (`scope`), for the client credentials grant. */

import type { Call, Reply } from "../http/call.ts";
import { readBody } from "../http/exchange.ts";
import type { EmulatorSettings } from "../settings.ts";
import type { FederatedCredential, Principal, World } from "../world.ts";
import { type ClientProof, type IssuedToken, issueAccessToken } from "./access-token.ts";
import { type AssertionChecks, refuseAssertion } from "./client-assertion.ts";
import { type EntraRefusal, refusals, toErrorReply } from "./errors.ts";
import { isKnownResource, resourceOfScope } from "./resources.ts";
import type { SigningKey } from "./signing-key.ts";

export interface TokenEndpointContext extends AssertionChecks {
  readonly world: World;
  readonly key: SigningKey;
  readonly settings: EmulatorSettings;
}

export type EndpointVersion = 1 | 2;

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** MSAL for Go sends these with every request; besides a resource they have no effect on this grant. */
const OPENID_SCOPES = new Set(["openid", "profile", "email", "offline_access"]);
const LARGEST_FORM = 64 * 1024;

/** Answers one token request; `tenant` is the path's first segment, known to be a tenant of the world. */
export async function answerTokenRequest(
  call: Call,
  tenant: string,
  version: EndpointVersion,
  context: TokenEndpointContext,
): Promise<Reply> {
  const outcome = await decide(call, tenant, version, context);
  if ("error" in outcome) return toErrorReply(outcome, call, context.clock.now());
  const headers = { "x-ms-request-id": call.id, "cache-control": "no-store, no-cache", pragma: "no-cache" };
  return { status: 200, headers, body: version === 1 ? toFirstForm(outcome) : toSecondForm(outcome) };
}

interface Granted extends IssuedToken {
  readonly resource: string;
  readonly lifetimeSeconds: number;
}

async function decide(
  call: Call,
  tenant: string,
  version: EndpointVersion,
  context: TokenEndpointContext,
): Promise<Granted | EntraRefusal> {
  if (call.method !== "POST") return refusals.postOnly(call.method);
  const form = await readForm(call);
  const missing = missingParameter(form, version);
  if (missing !== undefined) return refusals.missingParameter(missing);
  const grant = form.get("grant_type") ?? "";
  if (grant !== "client_credentials") return refusals.unsupportedGrant(grant);
  const resource = findResource(form, version, tenant);
  if (typeof resource !== "string") return resource;
  const clientId = form.get("client_id") ?? "";
  const principal = [...context.world.principals.values()].find(
    (each) => each.tenantId === tenant && each.clientId.toLowerCase() === clientId.toLowerCase(),
  );
  if (principal === undefined) return refusals.unknownApplication(clientId, tenant);
  const proof = await proveClient(form, principal, context);
  if (typeof proof !== "string") return proof;
  const lifetimeSeconds = lifetimeOf(principal, context.settings);
  const issued = await issueAccessToken(context.key, context.clock, {
    principal,
    audience: resource,
    proof,
    lifetimeSeconds,
  });
  return { ...issued, resource, lifetimeSeconds };
}

/** The form, with the client's credentials from the Authorization header if it has them (client_secret_basic). */
async function readForm(call: Call): Promise<URLSearchParams> {
  const form = new URLSearchParams((await readBody(call.body, LARGEST_FORM))?.toString() ?? "");
  const basic = /^basic\s+(\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
  if (basic === undefined) return form;
  const [id = "", secret = ""] = Buffer.from(basic, "base64").toString().split(":").map(decodeURIComponent);
  if (!form.has("client_id")) form.set("client_id", id);
  if (!form.has("client_secret")) form.set("client_secret", secret);
  return form;
}

function missingParameter(form: URLSearchParams, version: EndpointVersion): string | undefined {
  const needed = ["grant_type", "client_id", version === 1 ? "resource" : "scope"];
  return needed.find((name) => (form.get(name) ?? "") === "");
}

function findResource(form: URLSearchParams, version: EndpointVersion, tenant: string): string | EntraRefusal {
  const asked = (form.get(version === 1 ? "resource" : "scope") ?? "").trim();
  const scopes = asked.split(/\s+/).filter((scope) => !OPENID_SCOPES.has(scope));
  if (version === 2 && scopes.length !== 1) return refusals.severalScopes(asked);
  const resource = version === 1 ? asked : resourceOfScope(scopes.join());
  if (resource === undefined) return refusals.scopeWithoutDefault(asked);
  return isKnownResource(resource) ? resource : refusals.unknownResource(resource, tenant);
}

async function proveClient(
  form: URLSearchParams,
  principal: Principal,
  context: TokenEndpointContext,
): Promise<ClientProof | EntraRefusal> {
  const assertion = form.get("client_assertion");
  if (assertion !== null) {
    const type = form.get("client_assertion_type");
    if (type === null) return refusals.missingParameter("client_assertion_type");
    if (type !== JWT_BEARER) return refusals.wrongAssertionType(type);
    return (await refuseAssertion(assertion, credentialsOf(principal, context.world), context)) ?? "assertion";
  }
  const secret = form.get("client_secret");
  if (secret === null || secret === "") return refusals.noCredential();
  return secret === principal.clientSecret ? "secret" : refusals.wrongSecret(principal.clientId);
}

function credentialsOf(principal: Principal, world: World): Iterable<FederatedCredential> {
  const identity =
    principal.identityId === undefined ? undefined : world.identities.get(principal.identityId.toLowerCase());
  return (identity ?? principal).federatedCredentials.values();
}

function lifetimeOf(principal: Principal, settings: EmulatorSettings): number {
  return principal.identityId === undefined ? settings.accessTokenSeconds : settings.managedIdentityTokenSeconds;
}

function toSecondForm({ token, lifetimeSeconds }: Granted): object {
  const seconds = lifetimeSeconds - 1;
  return { token_type: "Bearer", expires_in: seconds, ext_expires_in: seconds, access_token: token };
}

/** Version 1 has every number as a string. */
function toFirstForm({ token, lifetimeSeconds, notBefore, expiresOn, resource }: Granted): object {
  const seconds = String(lifetimeSeconds - 1);
  return {
    token_type: "Bearer",
    expires_in: seconds,
    ext_expires_in: seconds,
    expires_on: String(expiresOn),
    not_before: String(notBefore),
    resource,
    access_token: token,
  };
}
