/** Federated identity credentials of a user-assigned identity: which external tokens Entra accepts for it. */
import { setTimeout } from "node:timers/promises";
import type { Reply } from "../../http/call.ts";
import type { FederatedCredential, UserAssignedIdentity } from "../../world.ts";
import { ArmError, badRequest, conflict } from "../front-door/errors.ts";
import { objectAt, stringAt, stringsAt } from "../front-door/json.ts";
import { pageReply } from "../front-door/paging.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";
import { IDENTITY, requireIdentity, requireParentIdentity } from "./identities.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
const ALL = `${IDENTITY}/federatedIdentityCredentials`;
const ITEM = `${ALL}/{credential}`;

/**
 * Identities that are locked by a write. The refusals are those of workload-identity-federation-considerations,
 * "Errors".
 */
const beingWritten = new WeakSet<UserAssignedIdentity>();

/** REST: Federated Identity Credentials - List, Get, Create Or Update, Delete. */
export const federatedCredentialRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "federatedCredentials/list", listAll],
  ["GET", ITEM, "read", "federatedCredentials/get", getOne],
  ["PUT", ITEM, "write", "federatedCredentials/create", (request) => alone(request, putOne), "federatedCredential"],
  ["DELETE", ITEM, "delete", "federatedCredentials/delete", (request) => alone(request, deleteOne)],
]);

/** Characters of issuer, subject and audience (workload-identity-federation-considerations). */
const LONGEST = 600;

type Write = (request: ArmRequest, identity: UserAssignedIdentity) => Reply;

/** "Concurrent updates under the same identity aren't supported" (workload-identity-federation-considerations). */
async function alone(request: ArmRequest, write: Write): Promise<Reply> {
  const identity = requireParentIdentity(request);
  if (beingWritten.has(identity)) {
    throw conflict(
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      "Too many Federated Identity Credentials are written concurrently for the managed identity " +
        `'${identity.id}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
    );
  }
  beingWritten.add(identity);
  try {
    await setTimeout(request.services.settings.federatedWriteMs);
    return write(request, identity);
  } finally {
    beingWritten.delete(identity);
  }
}

function getOne(request: ArmRequest): Reply {
  const identity = requireIdentity(request);
  const name = request.params["credential"] ?? "";
  const found = identity.federatedCredentials.get(name.toLowerCase());
  if (found !== undefined) return { status: 200, body: credentialView(identity, found) };
  throw new ArmError(404, "NotFound", `The specified Federated Identity Credential '${name}' was not found.`);
}

function listAll(request: ArmRequest): Reply {
  const identity = requireIdentity(request);
  const credentials = [...identity.federatedCredentials.values()];
  return pageReply(
    request,
    credentials.map((each) => ({ key: each.name.toLowerCase(), view: credentialView(identity, each) })),
  );
}

/** 201 for a new one; 200 for an existing one of that name, which is replaced. */
function putOne(request: ArmRequest, identity: UserAssignedIdentity): Reply {
  const requested = readRequested(request);
  const key = requested.name.toLowerCase();
  const others = [...identity.federatedCredentials.values()].filter((each) => each.name.toLowerCase() !== key);
  if (others.some((each) => each.issuer === requested.issuer && each.subject === requested.subject)) {
    throw badRequest("BadRequest", "Issuer and subject combination already exists for this Managed Identity.");
  }
  const limit = request.services.settings.federatedCredentialsPerIdentity;
  if (others.length >= limit) {
    throw badRequest(
      "BadRequest",
      `The managed identity already has the maximum of ${limit} federated identity credentials.`,
    );
  }
  const existed = identity.federatedCredentials.has(key);
  identity.federatedCredentials.set(key, { ...requested, changedAt: request.services.clock.now() });
  return { status: existed ? 200 : 201, body: credentialView(identity, requested) };
}

function readRequested(request: ArmRequest): FederatedCredential {
  const name = request.params["credential"] ?? "";
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}$/.test(name)) {
    throw badRequest("BadRequest", `Federated Identity Credential name '${name}' is invalid.`);
  }
  const sent = objectAt(request.body, "properties");
  const issuer = stringAt(sent, "issuer");
  const subject = stringAt(sent, "subject");
  const audiences = stringsAt(sent, "audiences");
  if (!issuer || !subject || audiences === undefined) {
    throw badRequest("BadRequest", "Federated Identity Credential from HTTP body has empty properties");
  }
  if (audiences.length !== 1 || audiences[0] === "") {
    throw badRequest("BadRequest", "Federated identity credentials must have exactly one audience.");
  }
  requireIssuer(issuer);
  for (const [what, text] of Object.entries({ issuer, subject, audience: audiences[0] ?? "" })) {
    if (text.length > LONGEST) throw unexpected(`The ${what} exceeds ${LONGEST} characters.`);
  }
  return { name, issuer, subject, audiences };
}

/** An OpenID provider is found by its URL, and Entra reads its keys over TLS; white space around it blocks the exchange. */
function requireIssuer(issuer: string): void {
  if (/^https:\/\/[^\s/]+(\/\S*)?$/i.test(issuer) && URL.canParse(issuer)) return;
  throw unexpected(`The issuer '${issuer}' is not an absolute https URL.`);
}

function unexpected(reason: string): ArmError {
  return badRequest("BadRequest", `The request format was unexpected: ${reason}`);
}

/** 204 when there is none. */
function deleteOne(request: ArmRequest, identity: UserAssignedIdentity): Reply {
  const name = (request.params["credential"] ?? "").toLowerCase();
  return { status: identity.federatedCredentials.delete(name) ? 200 : 204 };
}

function credentialView(identity: UserAssignedIdentity, credential: FederatedCredential): object {
  const { name, issuer, subject, audiences } = credential;
  return {
    id: `${identity.id}/federatedIdentityCredentials/${name}`,
    name,
    type: TYPE,
    properties: { issuer, subject, audiences },
  };
}
