/**
 * The instance metadata service, as far as managed identities need it (entra managed-identities-azure-resources
 * how-to-use-vm-token): plain HTTP, no secret, tokens for anything that runs on the machine. Every user-assigned
 * identity of the world counts as assigned to this machine; there is no system-assigned one.
 */
import type { Clock } from "../clock.ts";
import { issueAccessToken } from "../entra/access-token.ts";
import { isKnownResource } from "../entra/resources.ts";
import type { SigningKey } from "../entra/signing-key.ts";
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";
import type { EmulatorSettings } from "../settings.ts";
import type { Principal, World } from "../world.ts";

interface ImdsContext {
  readonly world: World;
  readonly clock: Clock;
  readonly key: SigningKey;
  readonly settings: EmulatorSettings;
}

/** MSAL for Node appends a slash. */
const TOKEN_PATH = /^\/+metadata\/identity\/oauth2\/token\/?$/i;
const OPERATION = "identity/token";

export function createImdsService(context: ImdsContext): Service {
  const answer = async (call: Call): Promise<Reply> => {
    const reply = TOKEN_PATH.test(call.path)
      ? await answerTokenRequest(call, context)
      : refuse(404, "not_found", "Resource not found");
    return { ...reply, headers: { server: "IMDS/150.870.65.1475", ...reply.headers, [OPERATION_HEADER]: OPERATION } };
  };
  return Object.assign(answer, { operationOf: () => OPERATION, operations: [OPERATION] });
}

async function answerTokenRequest(call: Call, context: ImdsContext): Promise<Reply> {
  // Both keep a web page or a proxy that was tricked into a request from getting a token.
  if (String(call.headers["metadata"]).toLowerCase() !== "true")
    return refuse(400, "invalid_request", "Required metadata header not specified");
  if (call.headers["x-forwarded-for"] !== undefined)
    return refuse(400, "invalid_request", "The X-Forwarded-For header is not allowed");
  if (call.method !== "GET") return refuse(405, "method_not_allowed", `${call.method} is not allowed`);
  if (!call.query.has("api-version"))
    return refuse(400, "invalid_request", "Required query variable 'api-version' is missing");
  const resource = call.query.get("resource") ?? "";
  if (resource === "") return refuse(400, "invalid_request", "Required audience parameter not specified");
  const principal = findPrincipal(call.query, context.world);
  if ("status" in principal) return principal;
  if (!isKnownResource(resource)) {
    const message = `AADSTS500011: The resource principal named ${resource} was not found in the tenant named ${principal.tenantId}.`;
    return refuse(400, "invalid_resource", message);
  }
  return issueToken(principal, resource, context);
}

async function issueToken(principal: Principal, resource: string, context: ImdsContext): Promise<Reply> {
  const lifetimeSeconds = context.settings.managedIdentityTokenSeconds;
  const request = { principal, audience: resource, proof: "assertion", lifetimeSeconds } as const;
  const { token, notBefore, expiresOn } = await issueAccessToken(context.key, context.clock, request);
  const body = {
    access_token: token,
    client_id: principal.clientId,
    expires_in: String(lifetimeSeconds - 1),
    expires_on: String(expiresOn),
    ext_expires_in: String(lifetimeSeconds - 1),
    not_before: String(notBefore),
    resource,
    token_type: "Bearer",
  };
  return { status: 200, body };
}

/** By client id, object id or ARM id; with none of them, the only identity in the world. */
function findPrincipal(query: URLSearchParams, world: World): Principal | Reply {
  const identities = [...world.principals.values()].filter((each) => each.identityId !== undefined);
  const id = (query.get("msi_res_id") ?? query.get("mi_res_id"))?.toLowerCase();
  const clientId = query.get("client_id")?.toLowerCase();
  const objectId = (query.get("object_id") ?? query.get("principal_id"))?.toLowerCase();
  const isNamed = [id, clientId, objectId].some((each) => each !== undefined);
  if (!isNamed && identities.length > 1) {
    const message =
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
    return refuse(400, "invalid_request", message);
  }
  const found = identities.find(
    (each) =>
      (id === undefined || each.identityId?.toLowerCase() === id) &&
      (clientId === undefined || each.clientId.toLowerCase() === clientId) &&
      (objectId === undefined || each.id.toLowerCase() === objectId),
  );
  return found ?? refuse(400, "invalid_request", "Identity not found");
}

function refuse(status: number, error: string, message: string): Reply {
  return { status, body: { error, error_description: message } };
}
