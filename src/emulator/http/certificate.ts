/**
 * The emulator's own certificate authority and the server certificate under it, created at start and never stored
 * beyond the CA's public half. Both carry key identifiers: Python 3.13 and newer refuse a chain without (RFC 5280
 * 4.2.1.1, 4.2.1.2).
 */
import "reflect-metadata"; // the library's container needs it, and does not bring it
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** What a TLS server needs (PEM), and what its clients must trust. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** The names of Azure that the emulator answers by, beside its loopback addresses. */
export const AZURE_NAMES: readonly string[] = [
  "login.microsoftonline.com",
  "login.microsoft.com",
  "login.windows.net",
  "sts.windows.net",
  "management.azure.com",
  "graph.microsoft.com",
  "*.blob.core.windows.net",
  "*.dfs.core.windows.net",
];

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

interface Party {
  /** X.500 name. */
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/**
 * Creates a new CA and a certificate for `names` (DNS names, wildcards, IP addresses). The CA's name is new each time,
 * so that two emulators in one trust store are not mixed up.
 */
export async function createServerIdentity(names: readonly string[]): Promise<ServerIdentity> {
  const authority = await createParty(`keyless-csi emulator CA ${randomBytes(4).toString("hex")}`);
  const server = await createParty("keyless-csi emulator");
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value }));
  const key = await webcrypto.subtle.exportKey("pkcs8", server.keys.privateKey);
  return {
    key: PemConverter.encode(key, "PRIVATE KEY"),
    cert: await issueCertificate(server, authority, [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternatives),
    ]),
    ca: await issueCertificate(authority, authority, [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ]),
  };
}

async function createParty(commonName: string): Promise<Party> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return { name: `CN=${commonName}`, keys: keys as webcrypto.CryptoKeyPair };
}

async function issueCertificate(subject: Party, issuer: Party, extensions: readonly Extension[]): Promise<string> {
  const now = Date.now();
  const certificate = await X509CertificateGenerator.create({
    subject: subject.name,
    issuer: issuer.name,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + VALID_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(subject.keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}
