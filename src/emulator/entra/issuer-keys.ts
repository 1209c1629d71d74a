/**
 * The public keys of ServiceAccount issuers, fetched as Entra fetches them: discovery document, then JWKS, over TLS.
 */
import { get, type RequestOptions } from "node:https";
import { rootCertificates } from "node:tls";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

/** Finds the keys of an issuer; throws an Error that says which request failed and how. */
export interface IssuerKeys {
  /** The issuer's keys, cached for five minutes; `isFresh` fetches them again. */
  keysOf(issuer: string, isFresh?: boolean): Promise<JWTVerifyGetKey>;
}

const KEPT_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;
const LARGEST_DOCUMENT = 1024 * 1024;

/** `authorities` are the PEM certificates to trust besides the public ones. */
export function createIssuerKeys(authorities: readonly string[]): IssuerKeys {
  const ca = [...rootCertificates, ...authorities];
  const kept = new Map<string, { keys: Promise<JWTVerifyGetKey>; at: number }>();
  return {
    keysOf(issuer, isFresh = false) {
      const known = kept.get(issuer);
      if (known !== undefined && !isFresh && Date.now() - known.at < KEPT_MS) return known.keys;
      const keys = fetchKeys(issuer, ca);
      kept.set(issuer, { keys, at: Date.now() });
      keys.catch(() => kept.delete(issuer));
      return keys;
    },
  };
}

async function fetchKeys(issuer: string, ca: string[]): Promise<JWTVerifyGetKey> {
  const document = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, ca);
  const stated = document["issuer"];
  if (stated !== issuer)
    throw new Error(`the discovery document of ${issuer} states another issuer: ${String(stated)}`);
  const keys = await fetchJson(String(document["jwks_uri"]), ca);
  if (!Array.isArray(keys["keys"])) throw new Error(`${String(document["jwks_uri"])} is not a JSON Web Key Set`);
  return createLocalJWKSet(keys as unknown as JSONWebKeySet);
}

function fetchJson(url: string, ca: string[]): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`GET ${url}: ${reason}`));
    if (!url.startsWith("https://")) return fail("not an https address");
    const options: RequestOptions = {
      ca,
      timeout: TIMEOUT_MS,
      agent: false,
      headers: { accept: "application/json, application/jwk-set+json, */*;q=0.1" },
    };
    const request = get(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > LARGEST_DOCUMENT) request.destroy(new Error("the document is over 1 MiB"));
        else chunks.push(chunk);
      });
      response.on("end", () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
        } catch {
          fail("the answer is not JSON");
        }
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on("error", (error) => fail(error.message));
  });
}
