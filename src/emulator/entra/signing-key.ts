/** RSA keys that sign tokens: one for Entra's access tokens, one for the built-in ServiceAccount issuer. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** One RSA key pair with the id under which its public half is in a JWKS. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Creates a 2048-bit RSA key; its id is a digest of the public half, so that it is stable for a saved key. */
export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return { kid: keyId(publicKey), privateKey, publicKey };
}

/** The key as PEM (PKCS #8), for `loadSigningKey`. */
export function saveSigningKey(key: SigningKey): string {
  return key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The saved key, with the same id. */
export function loadSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return { kid: keyId(publicKey), privateKey, publicKey };
}

function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64url").slice(0, 27);
}

/** The JSON Web Key Set (RFC 7517) that publishes the key; `issuer` is Entra's own addition to each key. */
export function toJwks(key: SigningKey, issuer?: string): { keys: Record<string, unknown>[] } {
  const { n, e } = key.publicKey.export({ format: "jwk" });
  const entraOnly = issuer === undefined ? {} : { x5t: key.kid, issuer };
  return { keys: [{ kty: "RSA", use: "sig", alg: "RS256", kid: key.kid, n, e, ...entraOnly }] };
}
