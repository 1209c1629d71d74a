/**
 * The access tokens that Entra issues for ARM and Storage: version 1.0 tokens (entra access-token-claims-reference).
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Principal } from "../world.ts";
import type { SigningKey } from "./signing-key.ts";
import { signToken } from "./tokens.ts";

/** How the caller proved who it is: the `appidacr` claim. */
export type ClientProof = "secret" | "assertion";

export interface IssuedToken {
  readonly token: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly expiresOn: number;
}

export interface TokenRequest {
  readonly principal: Principal;
  readonly audience: string;
  readonly proof: ClientProof;
  readonly lifetimeSeconds: number;
}

/** Entra backdates its tokens, so that a client whose clock is slow does not refuse them. */
const BACKDATED_SECONDS = 300;

export async function issueAccessToken(key: SigningKey, clock: Clock, request: TokenRequest): Promise<IssuedToken> {
  const { principal, audience, proof, lifetimeSeconds } = request;
  const now = Math.floor(clock.now() / 1000);
  const notBefore = now - BACKDATED_SECONDS;
  const expiresOn = now + lifetimeSeconds;
  const issuer = `https://sts.windows.net/${principal.tenantId}/`;
  const token = await signToken(key, {
    aud: audience,
    iss: issuer,
    iat: notBefore,
    nbf: notBefore,
    exp: expiresOn,
    aio: randomBytes(24).toString("base64url"),
    appid: principal.clientId,
    appidacr: proof === "secret" ? "1" : "2",
    idp: issuer,
    idtyp: "app",
    oid: principal.id,
    sub: principal.id,
    tid: principal.tenantId,
    uti: randomBytes(16).toString("base64url"),
    ver: "1.0",
    ...(principal.identityId === undefined ? {} : { xms_mirid: principal.identityId }),
  });
  return { token, notBefore, expiresOn };
}
