/**
 * The built-in ServiceAccount issuer (`/_oidc`): takes the place of a cluster's API server, so that a token exchange
 * works without a cluster. Its tokens look like those of Kubernetes' TokenRequest API.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { type SigningKey, toJwks } from "../entra/signing-key.ts";
import { signToken } from "../entra/tokens.ts";
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";

export interface ServiceAccountTokenRequest {
  readonly namespace: string;
  readonly name: string;
  /** Default `api://AzureADTokenExchange`. */
  readonly audience?: string;
  /** Default 3600. */
  readonly lifetimeSeconds?: number;
}

export interface ServiceAccountIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  mint(request: ServiceAccountTokenRequest): Promise<string>;
  readonly service: Service;
}

/** `issuer` is the address at which clients reach `service`, without a trailing slash. */
export function createServiceAccountIssuer(issuer: string, key: SigningKey, clock: Clock): ServiceAccountIssuer {
  const documents: Record<string, object> = {
    "/.well-known/openid-configuration": {
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    },
    "/openid/v1/jwks": toJwks(key),
  };
  return {
    issuer,
    mint: (request) => signToken(key, claimsOf(issuer, request, Math.floor(clock.now() / 1000))),
    service: serviceOf(documents),
  };
}

function serviceOf(documents: Readonly<Record<string, object>>): Service {
  const pathOf = (call: Call): string => call.path.replace(/^\/_oidc/, "");
  const operationOf = (call: Call) => (Object.hasOwn(documents, pathOf(call)) ? pathOf(call).slice(1) : undefined);
  const answer = async (call: Call): Promise<Reply> => {
    const operation = operationOf(call);
    const body = documents[pathOf(call)];
    if (call.method !== "GET" || operation === undefined || body === undefined) {
      return { status: 404, body: { message: "not found" } };
    }
    return { status: 200, headers: { [OPERATION_HEADER]: operation }, body };
  };
  return Object.assign(answer, { operationOf, operations: Object.keys(documents).map((path) => path.slice(1)) });
}

function claimsOf(issuer: string, request: ServiceAccountTokenRequest, now: number) {
  const { namespace, name, audience = "api://AzureADTokenExchange", lifetimeSeconds = 3600 } = request;
  return {
    iss: issuer,
    sub: `system:serviceaccount:${namespace}:${name}`,
    aud: [audience],
    iat: now,
    nbf: now,
    exp: now + lifetimeSeconds,
    jti: randomUUID(),
    "kubernetes.io": { namespace, serviceaccount: { name, uid: stableUid(`${namespace}/${name}`) } },
  };
}

/** A ServiceAccount has the same uid in all of its tokens. */
function stableUid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
