/**
 * Access tokens: how the emulator's Entra signs them and how ARM and Blob check them. Of Entra, ARM and Blob know only
 * `TokenVerifier`.
 */
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import type { SigningKey } from "./signing-key.ts";

/** What a service learns from a valid bearer token. */
export interface AccessToken {
  /** Object id: the `oid` claim. */
  readonly principalId: string;
  /** Application (client) id: the `appid` or `azp` claim. */
  readonly clientId: string;
  readonly tenantId: string;
  /** The `aud` claim as it is in the token. */
  readonly audience: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  readonly expiresAt: number;
}

/** Why a bearer token is refused. `missing`: no Authorization header, or one that is not `Bearer`. */
export type TokenProblem =
  | "missing"
  | "malformed"
  | "badSignature"
  | "expired"
  | "wrongAudience"
  | "wrongTenant"
  | "notYetValid";

/** The answer of `TokenVerifier.verify`; `detail` is for a message and contains nothing of the token. */
export type TokenVerdict =
  | { readonly ok: true; readonly token: AccessToken }
  | { readonly ok: false; readonly problem: TokenProblem; readonly detail: string };

export interface TokenVerifier {
  /**
   * Checks a bearer token (the Authorization header) that the emulator's Entra has issued: signature, expiry by the
   * emulator's clock, audience (compared without a trailing slash) and, when given, tenant.
   */
  verify(authorization: string | undefined, audiences: readonly string[], tenantId?: string): Promise<TokenVerdict>;
}

/** Signs a JWT with RS256; the payload must have all claims, including the times. */
export function signToken(key: SigningKey, payload: JWTPayload): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid }).sign(key.privateKey);
}

/**
 * A verifier for tokens that were signed with `key`; a single key, because the emulator never rotates it while it runs.
 */
export function createTokenVerifier(key: SigningKey, clock: Clock): TokenVerifier {
  return {
    async verify(authorization, audiences, tenantId) {
      const token = /^bearer\s+(\S+)\s*$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) return refusal("missing", "no bearer token in the Authorization header");
      const opened = await openToken(token, key, clock);
      if ("problem" in opened) return opened;
      return judge(opened.payload, audiences, tenantId);
    },
  };
}

async function openToken(token: string, key: SigningKey, clock: Clock) {
  try {
    decodeProtectedHeader(token);
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: ["RS256"],
      currentDate: new Date(clock.now()),
    });
    return { payload };
  } catch (error) {
    return refusal(problemOf(error), error instanceof Error ? error.message : String(error));
  }
}

function problemOf(error: unknown): TokenProblem {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf") return "notYetValid";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "badSignature";
  if (error instanceof errors.JOSEAlgNotAllowed) return "badSignature";
  return "malformed";
}

function judge(payload: JWTPayload, audiences: readonly string[], tenantId: string | undefined): TokenVerdict {
  const audience = typeof payload.aud === "string" ? payload.aud : "";
  if (!audiences.some((each) => withoutSlash(each) === withoutSlash(audience))) {
    return refusal("wrongAudience", `the token is for ${audience}`);
  }
  const tid = String(payload["tid"] ?? "");
  if (tenantId !== undefined && tid !== tenantId) return refusal("wrongTenant", `the token is from tenant ${tid}`);
  return {
    ok: true,
    token: {
      principalId: String(payload["oid"] ?? ""),
      clientId: String(payload["appid"] ?? payload["azp"] ?? ""),
      tenantId: tid,
      audience,
      expiresAt: (payload.exp ?? 0) * 1000,
    },
  };
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/+$/, "").toLowerCase();
}

function refusal(problem: TokenProblem, detail: string) {
  return { ok: false as const, problem, detail };
}
