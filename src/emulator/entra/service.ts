/** Entra, as far as applications sign in: discovery documents, signing keys, the token endpoints. */
import type { Call, Reply, Service } from "../http/call.ts";
import { OPERATION_HEADER } from "../http/call.ts";
import { instanceDiscovery, openIdConfiguration } from "./discovery.ts";
import { type EntraRefusal, refusals, toErrorReply } from "./errors.ts";
import { toJwks } from "./signing-key.ts";
import { answerTokenRequest, type EndpointVersion, type TokenEndpointContext } from "./token-endpoint.ts";

/** Path segments that stand for any tenant. */
const ANY_TENANT = new Set(["common", "organizations", "consumers"]);

type Answer = (call: Call, pathTenant: string, context: TokenEndpointContext) => Promise<Reply> | Reply;

const ROUTES: readonly { path: string; operation: string; answer: Answer }[] = [
  { path: "discovery/instance", operation: "discovery/instance", answer: answerInstance },
  { path: "v2.0/.well-known/openid-configuration", operation: "discovery/openid", answer: openId(2) },
  { path: ".well-known/openid-configuration", operation: "discovery/openid", answer: openId(1) },
  { path: "discovery/v2.0/keys", operation: "discovery/keys", answer: answerKeys },
  { path: "discovery/keys", operation: "discovery/keys", answer: answerKeys },
  { path: "oauth2/v2.0/token", operation: "token", answer: token(2) },
  { path: "oauth2/token", operation: "token", answer: token(1) },
];

export function createEntraService(context: TokenEndpointContext): Service {
  const answer = async (call: Call): Promise<Reply> => {
    const route = findRoute(call);
    if (route === undefined) return { status: 404, headers: { "x-ms-request-id": call.id } };
    const reply = await route.answer(call, tenantSegment(call), context);
    return { ...reply, headers: { ...reply.headers, [OPERATION_HEADER]: route.operation } };
  };
  return Object.assign(answer, {
    operationOf: (call: Call) => findRoute(call)?.operation,
    operations: ROUTES.map(({ operation }) => operation),
  });
}

function findRoute(call: Call) {
  const rest = call.path.split("/").slice(2).join("/").toLowerCase();
  return ROUTES.find((route) => route.path === rest);
}

function tenantSegment(call: Call): string {
  return decodeURIComponent(call.path.split("/")[1] ?? "").toLowerCase();
}

function answerInstance(call: Call, _tenant: string, context: TokenEndpointContext): Reply {
  const endpoint = call.query.get("authorization_endpoint");
  if (endpoint === null) return refuse(refusals.missingParameter("authorization_endpoint"), call, context);
  const found = instanceDiscovery(endpoint, call.origin.replace(/^https:\/\//, ""));
  return found === undefined ? refuse(refusals.unknownInstance(), call, context) : { status: 200, body: found };
}

function openId(version: EndpointVersion): Answer {
  return (call, tenant, context) => {
    if (ANY_TENANT.has(tenant))
      return { status: 200, body: openIdConfiguration(call.origin, "{tenantid}", tenant, version) };
    if (!context.world.tenants.has(tenant)) return refuse(refusals.unknownTenant(tenant), call, context);
    return { status: 200, body: openIdConfiguration(call.origin, tenant, tenant, version) };
  };
}

function answerKeys(call: Call, tenant: string, context: TokenEndpointContext): Reply {
  const issuer = `${call.origin}/${ANY_TENANT.has(tenant) ? "{tenantid}" : tenant}/v2.0`;
  return { status: 200, body: toJwks(context.key, issuer) };
}

function token(version: EndpointVersion): Answer {
  return (call, tenant, context) => {
    if (ANY_TENANT.has(tenant)) return refuse(refusals.noTenant(), call, context);
    if (!context.world.tenants.has(tenant)) return refuse(refusals.unknownTenant(tenant), call, context);
    return answerTokenRequest(call, tenant, version, context);
  };
}

function refuse(refusal: EntraRefusal, call: Call, context: TokenEndpointContext): Reply {
  return toErrorReply(refusal, call, context.clock.now());
}
