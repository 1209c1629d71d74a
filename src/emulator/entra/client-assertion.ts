/**
 * Workload identity federation: a token of an external issuer (a Kubernetes ServiceAccount token) instead of a secret.
 * Checked in Entra's order as far as it is observable: form, federated credential, keys and signature, times.
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Clock } from "../clock.ts";
import type { FederatedCredential } from "../world.ts";
import { type EntraRefusal, refusals } from "./errors.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export interface AssertionChecks {
  readonly issuerKeys: IssuerKeys;
  readonly clock: Clock;
  /** How long after its last write a federated credential is not yet accepted. */
  readonly federationMs: number;
}

/** Undefined when the assertion proves that the caller is trusted by one of `credentials`; else the refusal. */
export async function refuseAssertion(
  assertion: string,
  credentials: Iterable<FederatedCredential>,
  checks: AssertionChecks,
): Promise<EntraRefusal | undefined> {
  const claims = readClaims(assertion);
  if (claims === undefined)
    return refusals.malformedAssertion("It is not a signed JWT with RS256 and the claims iss, sub and aud.");
  const match = matchCredential(claims, [...credentials]);
  if ("code" in match) return match;
  if ((match.changedAt ?? 0) + checks.federationMs > checks.clock.now()) return refusals.notPropagated();
  return refuseSignature(assertion, claims, checks);
}

interface Claims extends JWTPayload {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | string[];
}

function readClaims(assertion: string): Claims | undefined {
  try {
    const { alg } = decodeProtectedHeader(assertion);
    const claims = decodeJwt(assertion);
    const isWhole = alg === "RS256" && claims.iss !== undefined && claims.sub !== undefined && claims.aud !== undefined;
    return isWhole ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Issuer, subject and audience are compared byte for byte, and the refusal names the first one without a match. */
function matchCredential(
  claims: Claims,
  credentials: readonly FederatedCredential[],
): FederatedCredential | EntraRefusal {
  const byIssuer = credentials.filter((each) => each.issuer === claims.iss);
  if (byIssuer.length === 0) return refusals.unknownIssuer(claims.iss);
  const bySubject = byIssuer.filter((each) => each.subject === claims.sub);
  if (bySubject.length === 0) {
    const inAnotherCase = byIssuer.some((each) => each.subject.toLowerCase() === claims.sub.toLowerCase());
    return inAnotherCase ? refusals.subjectInAnotherCase(claims.sub) : refusals.unknownSubject(claims.sub);
  }
  const audiences = [claims.aud].flat();
  const match = bySubject.find((each) => each.audiences.some((audience) => audiences.includes(audience)));
  return match ?? refusals.unknownAudience(audiences.join(", "));
}

async function refuseSignature(
  assertion: string,
  claims: Claims,
  checks: AssertionChecks,
): Promise<EntraRefusal | undefined> {
  let keys: JWTVerifyGetKey;
  try {
    keys = await checks.issuerKeys.keysOf(claims.iss);
  } catch (error) {
    return refusals.issuerUnreachable(error instanceof Error ? error.message : String(error));
  }
  const first = await verify(assertion, keys, checks.clock);
  if (first !== "unknownKey") return toRefusal(first, claims, checks.clock);
  // The issuer may have rotated its key since its keys were fetched.
  const again = await checks.issuerKeys.keysOf(claims.iss, true).catch(() => keys);
  return toRefusal(await verify(assertion, again, checks.clock), claims, checks.clock);
}

type Verdict = "good" | "unknownKey" | "badSignature" | "badTime";

async function verify(assertion: string, keys: JWTVerifyGetKey, clock: Clock): Promise<Verdict> {
  try {
    await jwtVerify(assertion, keys, {
      algorithms: ["RS256"],
      currentDate: new Date(clock.now()),
      requiredClaims: ["exp"],
    });
    return "good";
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return "unknownKey";
    const isTime = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
    return isTime ? "badTime" : "badSignature";
  }
}

function toRefusal(verdict: Verdict, claims: Claims, clock: Clock): EntraRefusal | undefined {
  if (verdict === "good") return undefined;
  if (verdict !== "badTime") return refusals.badSignature();
  const time = (seconds: number | undefined) =>
    seconds === undefined ? "none" : new Date(seconds * 1000).toISOString();
  const from = time(claims.nbf ?? claims.iat);
  return refusals.outsideTimeRange(
    `Current time: ${new Date(clock.now()).toISOString()}, assertion valid from ${from}, ` +
      `expiry time of assertion ${time(claims.exp)}.`,
  );
}
