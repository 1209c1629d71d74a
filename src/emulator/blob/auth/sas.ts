/**
 * Shared access signatures: reads the one in the query, checks signature, times, address and protocol, and returns what
 * it grants. Service and account SAS are made with an account key and so are refused on a keyless account; a user
 * delegation SAS is not ("Create a service SAS", "... an account SAS", "... a user delegation SAS").
 */

import { isIP } from "node:net";
import { ownValue } from "../../json.ts";
import { accountKey, allowsKeys, isHierarchical, sign, tenantOfAccount } from "../../storage/accounts.ts";
import { containerKey } from "../../storage/containers.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import { parseTime } from "../../storage/times.ts";
import { parseAddress, type Unauthenticated } from "../http/request.ts";
import { isKnownVersion } from "../http/versions.ts";
import type { ValidSas } from "./caller.ts";
import { accountStringToSign, delegationStringToSign, serviceStringToSign } from "./sas-strings.ts";
import { equal } from "./shared-key.ts";
import { delegationKey } from "./user-delegation-key.ts";

const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  rscc: "cache-control",
  rscd: "content-disposition",
  rsce: "content-encoding",
  rscl: "content-language",
  rsct: "content-type",
};

/** Letters in their order; of the others, Microsoft's own SDKs have different orders, which Azure therefore accepts. */
const ORDERED = "racwdxlt";
const LOOPBACK = addressNumber("127.0.0.1");
/** First version of a user delegation SAS. */
const FIRST_DELEGATION_VERSION = "2018-11-09";

/** Resource types by `sr`: a container SAS covers the container's blobs and their listing. */
const SERVICE_RESOURCES: Readonly<Record<string, string>> = { c: "co", b: "o", bs: "o", bv: "o", d: "co" };

/**
 * Reads the SAS of a call, or throws 403. A keyless account refuses service and account SAS before anything else is
 * checked.
 */
export function readSas(request: Unauthenticated): ValidSas {
  const { query } = request.call;
  const kind = kindOf(query);
  if (kind !== "userDelegation" && !allowsKeys(request.account)) {
    throw new StorageError("KeyBasedAuthenticationNotPermitted");
  }
  checkForm(request, kind);
  const terms = kind === "service" ? termsOf(request) : query;
  checkPermissions(kind, terms.get("sp") ?? "");
  checkTimes(request, terms, ["st", "se"]);
  checkSignature(request, kind);
  if (kind === "account" && !query.get("ss")?.includes("b")) throw new StorageError("AuthorizationServiceMismatch");
  checkOrigin(request);
  const resourceTypes = kind === "account" ? query.get("srt") : ownValue(SERVICE_RESOURCES, query.get("sr") ?? "");
  if (!resourceTypes) throw refused("sr is invalid or missing");
  const valid = { kind, permissions: terms.get("sp") ?? "", resourceTypes, answerHeaders: answerHeadersOf(query) };
  const principalId = query.get("skoid");
  return kind === "userDelegation" && principalId !== null ? { ...valid, principalId } : valid;
}

/** What must be right before a signature is looked at, each named by the field that is wrong. */
function checkForm({ call: { query }, account }: Unauthenticated, kind: ValidSas["kind"]): void {
  const version = query.get("sv");
  if (version === null) throw refused("sv is mandatory. Cannot be empty");
  if (!isKnownVersion(version)) throw refused(`sv is not a version of the service: ${version}`);
  if (kind === "userDelegation" && version < FIRST_DELEGATION_VERSION) throw refused("sv is too old for skoid");
  // "https" or "https,http"; "http" alone is not permitted ("Specify the HTTP protocol").
  if (!["https", "https,http", null].includes(query.get("spr"))) throw refused("spr is not https or https,http");
  if (query.get("sr") === "d" && !isHierarchical(account)) throw refused("sr=d needs a hierarchical namespace");
  // Encryption scopes are not emulated, and lists are not evaluated, so what these two say cannot be kept.
  const unsupported = ["ses", "suoid"].find((name) => query.has(name));
  if (unsupported !== undefined) throw invalidQuery(unsupported, query.get(unsupported), "It is not emulated.");
}

/**
 * Letters each once and, except in an account SAS, in the reference's order: "Examples of invalid permission
 * settings include wr, dr, lr, and dw" ("Create a service SAS", permissions).
 */
function checkPermissions(kind: ValidSas["kind"], letters: string): void {
  const places = [...letters].map((letter) => ORDERED.indexOf(letter)).filter((place) => place >= 0);
  const isSorted =
    kind === "account" || places.every((place, index) => index === 0 || (places[index - 1] ?? 0) < place);
  const isOnce = new Set(letters).size === letters.length;
  if (!isSorted || !isOnce || !/^[a-z]+$/.test(letters)) throw refused("sp is invalid or missing");
}

function kindOf(query: URLSearchParams): ValidSas["kind"] {
  if (query.has("ss") || query.has("srt")) return "account";
  return query.has("skoid") ? "userDelegation" : "service";
}

function answerHeadersOf(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ANSWER_HEADERS).flatMap(([name, target]) => {
      const value = query.get(name);
      return value === null ? [] : [[target, value]];
    }),
  );
}

/** The terms of a service SAS, completed by the stored access policy that it names with `si`. */
function termsOf({ call, services, account, target, address }: Unauthenticated): URLSearchParams {
  const id = call.query.get("si");
  if (id === null) return call.query;
  const { container } = address ?? parseAddress(target.path, call.query);
  const record = services.world.containers.get(containerKey(account.name, container));
  const policies = record === undefined ? [] : services.blobs.blobsOf(record.uid).accessPolicies();
  const policy = policies.find((each) => each.id === id);
  if (policy === undefined) throw refused("The stored access policy that si names does not exist.");
  const terms = new URLSearchParams(call.query);
  const given = { st: policy.start, se: policy.expiry, sp: policy.permissions };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) terms.set(name, value);
  return terms;
}

function checkTimes(request: Unauthenticated, query: URLSearchParams, names: readonly [string, string]): void {
  const [startName, endName] = names;
  const start = parseTime(query.get(startName) ?? "1970-01-01");
  const end = parseTime(query.get(endName) ?? "");
  if (start === undefined || end === undefined) throw refused(`${startName} or ${endName} is not a valid time`);
  if (request.now >= start && request.now < end) return;
  throw refused(
    `Signature not valid in the specified time frame: Start [${query.get(startName) ?? ""}] - Expiry [${query.get(endName)}] - Current [${new Date(request.now).toUTCString()}]`,
  );
}

function checkSignature(request: Unauthenticated, kind: ValidSas["kind"]): void {
  const { account, call, target } = request;
  const signature = call.query.get("sig") ?? "";
  if (kind === "account") {
    requireOneOf(keysOf(request), accountStringToSign(account.name, call.query), signature);
    return;
  }
  const { container, blob } = request.address ?? parseAddress(target.path, call.query);
  const depth = Number(call.query.get("sdd") ?? 0);
  const path = call.query.get("sr") === "d" ? blob.split("/").slice(0, depth).join("/") : blob;
  const isWhole = call.query.get("sr") === "c";
  const resource = `/blob/${account.name}/${container}${isWhole || path === "" ? "" : `/${path}`}`;
  if (kind === "service") {
    requireOneOf(keysOf(request), serviceStringToSign(resource, call.query), signature);
    return;
  }
  checkDelegation(request);
  const key = delegationKey(account, call.query);
  requireOneOf([key], delegationStringToSign(resource, call.query, call.headers), signature);
}

/** The key has its own lifetime, at most seven days, and belongs to the account's tenant. */
function checkDelegation(request: Unauthenticated): void {
  const { query } = request.call;
  checkTimes(request, query, ["skt", "ske"]);
  if (query.get("sktid") !== tenantOfAccount(request.services, request.account)) throw refused("sktid does not match");
  if (query.get("sks") !== "b") throw new StorageError("AuthorizationServiceMismatch");
}

function requireOneOf(keys: readonly string[], text: string, signature: string): void {
  if (keys.some((key) => equal(sign(key, text), signature))) return;
  throw refused(`Signature did not match. String to sign used was ${text}`);
}

function keysOf({ account }: Unauthenticated): string[] {
  return [accountKey(account, "key1"), accountKey(account, "key2")];
}

/** `sip`: the emulator's clients all count as 127.0.0.1. */
function checkOrigin({ call }: Unauthenticated): void {
  const range = call.query.get("sip");
  if (range === null) return;
  const [from = "", to = from] = range.split("-");
  if (isIP(from) !== 4 || isIP(to) !== 4) throw refused("sip is not an IPv4 address or a range of them");
  if (addressNumber(from) <= LOOPBACK && LOOPBACK <= addressNumber(to)) return;
  throw new StorageError("AuthorizationSourceIPMismatch", {
    message: "This request is not authorized to perform this operation using this source IP 127.0.0.1.",
    details: { SourceIP: "127.0.0.1" },
  });
}

function addressNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function refused(detail: string): StorageError {
  return new StorageError("AuthenticationFailed", { details: { AuthenticationErrorDetail: detail } });
}
