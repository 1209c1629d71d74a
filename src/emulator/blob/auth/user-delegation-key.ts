/**
 * User delegation keys, with which a principal signs SAS instead of with an account key. Computed from the fields of
 * the key, so that none is stored.
 */
import { createHash } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import { accountKey, sign } from "../../storage/accounts.ts";
import { StorageError } from "../../storage/errors.ts";
import { parseTime } from "../../storage/times.ts";
import type { StorageAccount } from "../../world.ts";
import { readXmlBody } from "../http/body.ts";
import type { BlobRequest } from "../http/request.ts";
import { element, optionalElement, xmlDocument } from "../http/xml.ts";

const SEVEN_DAYS_MS = 7 * 24 * 3600 * 1000;
const FIELDS = ["skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid"];

/** The key's value in base64, from the fields that describe it in a SAS. */
export function delegationKey(account: StorageAccount, fields: URLSearchParams): string {
  const text = FIELDS.map((name) => fields.get(name) ?? "").join("\n");
  return sign(createHash("sha256").update(accountKey(account, "key1")).digest("base64"), text);
}

/** Get User Delegation Key (`POST /?restype=service&comp=userdelegationkey`): only for a bearer token. */
export async function getUserDelegationKey(request: BlobRequest): Promise<Reply> {
  if (request.caller.kind !== "principal") throw new StorageError("AuthorizationFailure");
  const { token } = request.caller;
  const info = await readXmlBody(request, "KeyInfo");
  const child = (name: string): string | undefined => info.children.find((each) => each.name === name)?.text;
  const start = child("Start") ?? toSeconds(request.now);
  const expiry = child("Expiry");
  if (expiry === undefined) throw new StorageError("MissingRequiredXmlNode", { details: { XmlNodeName: "Expiry" } });
  checkLife(request.now, parseTime(start), parseTime(expiry));
  const delegatedTenant = child("DelegatedUserTid");
  const fields = new URLSearchParams({
    skoid: token.principalId,
    sktid: token.tenantId,
    skt: start,
    ske: expiry,
    sks: "b",
    skv: request.version,
    ...(delegatedTenant === undefined ? {} : { skdutid: delegatedTenant }),
  });
  const body = [
    element("SignedOid", token.principalId),
    element("SignedTid", token.tenantId),
    element("SignedStart", start),
    element("SignedExpiry", expiry),
    element("SignedService", "b"),
    element("SignedVersion", request.version),
    optionalElement("SignedDelegatedUserTid", delegatedTenant),
    element("Value", delegationKey(request.account, fields)),
  ];
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xmlDocument(`<UserDelegationKey>${body.join("")}</UserDelegationKey>`),
  };
}

function checkLife(now: number, start: number | undefined, expiry: number | undefined): void {
  const isGood = start !== undefined && expiry !== undefined && expiry > start && expiry > now;
  if (isGood && expiry - Math.max(start, now) <= SEVEN_DAYS_MS + 60_000 && start <= now + SEVEN_DAYS_MS) return;
  throw new StorageError("InvalidXmlDocument", { message: "The key's start or expiry is not valid.", details: {} });
}

function toSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
