/**
 * The emulator's own certificate authority and the server certificate under it, made at start and never stored beyond
 * the CA's public half. Written out here because Python 3.13 and newer refuse a chain without key identifiers
 * (RFC 5280 4.2.1.1 and 4.2.1.2), which the small certificate libraries leave out.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { bits, element, integer, objectId, octets, sequence, tagged, truth, utcTime, utf8 } from "./der.ts";

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
  "*.blob.core.windows.net",
  "*.dfs.core.windows.net",
];

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

interface Party {
  readonly name: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * Makes a new CA and a certificate for `names` (DNS names, wildcards, IP addresses). The CA's name is new each time,
 * so that two emulators in one trust store are not mixed up.
 */
export function createServerIdentity(names: readonly string[]): ServerIdentity {
  const authority = createParty(`keyless-csi emulator CA ${randomBytes(4).toString("hex")}`);
  const server = createParty("keyless-csi emulator");
  const forAuthority = [
    extension("2.5.29.19", sequence(truth()), true), // basicConstraints: a CA
    extension("2.5.29.15", bits(Buffer.from([0b0000_0110]), 1), true), // keyUsage: keyCertSign, cRLSign
  ];
  const forServer = [
    extension("2.5.29.19", sequence(), true), // basicConstraints: not a CA
    extension("2.5.29.15", bits(Buffer.from([0b1000_0000]), 7), true), // keyUsage: digitalSignature
    extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth
    extension("2.5.29.17", sequence(...names.map(alternativeName))),
  ];
  return {
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: issueCertificate(server, authority, forServer),
    ca: issueCertificate(authority, authority, forAuthority),
  };
}

function createParty(commonName: string): Party {
  const name = sequence(element(0x31, sequence(objectId("2.5.4.3"), utf8(commonName))));
  return { name, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
}

function issueCertificate(subject: Party, issuer: Party, extensions: readonly Buffer[]): string {
  const now = Date.now();
  const content = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([0x4b]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    issuer.name,
    sequence(utcTime(new Date(now - DAY_MS)), utcTime(new Date(now + VALID_DAYS * DAY_MS))),
    subject.name,
    subject.publicKey.export({ type: "spki", format: "der" }),
    tagged(
      3,
      sequence(
        ...extensions,
        extension("2.5.29.14", octets(keyIdentifier(subject.publicKey))),
        extension("2.5.29.35", sequence(element(0x80, keyIdentifier(issuer.publicKey)))),
      ),
    ),
  );
  const signature = sign("sha256", content, issuer.privateKey);
  return toPem(sequence(content, ECDSA_WITH_SHA256, bits(signature)));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(objectId(id), ...(isCritical ? [truth()] : []), octets(value));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

/** A GeneralName (RFC 5280 4.2.1.6): dNSName is [2], iPAddress is [7] with the address in network order. */
function alternativeName(name: string): Buffer {
  const version = isIP(name);
  if (version === 0) return element(0x82, Buffer.from(name));
  return element(0x87, version === 4 ? Buffer.from(name.split(".").map(Number)) : ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => "0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function toPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
