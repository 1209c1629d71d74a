/**
 * Finds who calls: the Authorization header or the signature in the query becomes a caller, or the call is refused with
 * 401 or 403. What the caller may do is decided in `authorize.ts`.
 */
import type { AccessToken, TokenProblem } from "../../entra/tokens.ts";
import { allowsKeys, tenantOfAccount } from "../../storage/accounts.ts";
import { StorageError, type StorageErrorExtra } from "../../storage/errors.ts";
import type { Unauthenticated } from "../http/request.ts";
import { FIRST_CHALLENGE_VERSION, FIRST_OAUTH_VERSION } from "../http/versions.ts";
import type { Caller } from "./caller.ts";
import { readSas } from "./sas.ts";
import { checkSharedKey } from "./shared-key.ts";

/** Why a token is refused, as `AuthenticationErrorDetail` says it. */
const PROBLEM_DETAILS: Readonly<Record<TokenProblem, string>> = {
  missing: "Authentication scheme Bearer is given without a token.",
  malformed: "Token validation failed. The token is not a well-formed JWT.",
  badSignature: "Signature validation failed. The signature of the token is not valid.",
  expired: "Lifetime validation failed. The token is expired.",
  notYetValid: "Lifetime validation failed. The token is not yet valid.",
  wrongAudience: "Audience validation failed. Audience did not match.",
  wrongTenant: "Issuer validation failed. Issuer did not match.",
};

/** Finds the caller, or throws the 401 or 403 that Azure answers. */
export async function authenticate(request: Unauthenticated): Promise<Caller> {
  const authorization = request.call.headers.authorization;
  const scheme = authorization?.trim().split(/\s+/)[0]?.toLowerCase();
  if (scheme === "bearer") return { kind: "principal", token: await openToken(request, authorization) };
  if (scheme === "sharedkey" || scheme === "sharedkeylite") {
    // Azure refuses keys on a keyless account before it looks at the signature.
    if (!allowsKeys(request.account)) throw new StorageError("KeyBasedAuthenticationNotPermitted");
    checkSharedKey(request, authorization ?? "");
    return { kind: "key" };
  }
  if (scheme !== undefined) throw refuseToken(request, "InvalidAuthenticationInfo");
  if (request.call.query.has("sig")) return { kind: "sas", sas: readSas(request) };
  return { kind: "anonymous" };
}

async function openToken(request: Unauthenticated, authorization: string | undefined): Promise<AccessToken> {
  const { account, services } = request;
  if (request.version < FIRST_OAUTH_VERSION) {
    // Also when no version is sent: the call then counts as one of an old version.
    const details = { AuthenticationErrorDetail: "Authentication scheme Bearer is not supported in this version." };
    throw refuseToken(request, "InvalidAuthenticationInfo", { details });
  }
  const audiences = ["https://storage.azure.com", `https://${account.name}.blob.core.windows.net`];
  const verdict = await services.tokens.verify(authorization, audiences, tenantOfAccount(services, account));
  if (verdict.ok) return verdict.token;
  // "Bearer" with no token is how a client asks for the challenge.
  const code = verdict.problem === "missing" ? "NoAuthenticationInformation" : "InvalidAuthenticationInfo";
  throw refuseToken(request, code, { details: { AuthenticationErrorDetail: PROBLEM_DETAILS[verdict.problem] } });
}

/**
 * 401 with a bearer challenge, which gives a client the tenant and the resource ("Authorize with Microsoft Entra ID:
 * bearer challenge"); versions before it answer 403 AuthenticationFailed.
 */
export function refuseToken(
  request: Unauthenticated,
  code: "InvalidAuthenticationInfo" | "NoAuthenticationInformation",
  extra: StorageErrorExtra = {},
): StorageError {
  if (request.version < FIRST_CHALLENGE_VERSION) return new StorageError("AuthenticationFailed", extra);
  const authority = `https://login.microsoftonline.com/${tenantOfAccount(request.services, request.account)}/oauth2/authorize`;
  const challenge = `Bearer authorization_uri=${authority} resource_id=https://storage.azure.com`;
  return new StorageError(code, { ...extra, headers: { "www-authenticate": challenge } });
}
