/** Immutability policies and legal holds of containers: what keeps a container from being deleted. */

import type { Reply } from "../../../http/call.ts";
import type { ImmutabilityPolicy } from "../../../immutability-policy.ts";
import { newEtag } from "../../../storage/times.ts";
import type { BlobContainer, StorageAccount } from "../../../world.ts";
import { ArmError, badRequest, conflict } from "../../front-door/errors.ts";
import { booleanAt, objectAt, stringsAt } from "../../front-door/json.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { requireParentAccount } from "../accounts/find.ts";
import { CONTAINERS, containerId, requireContainer } from "./find.ts";

const CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers";
const TYPE = `${CONTAINER}/immutabilityPolicies` as const;
const ITEM = `${CONTAINERS}/{container}`;
const POLICY = `${ITEM}/immutabilityPolicies/default`;

/**
 * REST: Blob Containers - ... Immutability Policy (Get, Create Or Update, Delete, Lock, Extend), Set and Clear Legal
 * Hold.
 */
export const immutabilityRoutes: readonly Route<typeof TYPE | typeof CONTAINER>[] = [
  ...routesOf(TYPE, [
    ["GET", POLICY, "read", "immutability/get", getPolicy],
    ["PUT", POLICY, "write", "immutability/set", setPolicy, "immutabilityPolicy"],
    ["DELETE", POLICY, "delete", "immutability/delete", deletePolicy],
    ["POST", `${POLICY}/lock`, "lock/action", "immutability/lock", lockPolicy],
    ["POST", `${POLICY}/extend`, "extend/action", "immutability/extend", extendPolicy, "immutabilityPolicy"],
  ]),
  ...routesOf(CONTAINER, [
    [
      "POST",
      `${ITEM}/setLegalHold`,
      "setLegalHold/action",
      "containers/setLegalHold",
      (request) => changeHold(request, (held, sent) => [...new Set([...held, ...sent])]),
      "legalHold",
    ],
    [
      "POST",
      `${ITEM}/clearLegalHold`,
      "clearLegalHold/action",
      "containers/clearLegalHold",
      (request) => changeHold(request, (held, sent) => held.filter((tag) => !sent.includes(tag))),
      "legalHold",
    ],
  ]),
];

interface Target {
  readonly account: StorageAccount;
  readonly container: BlobContainer;
}

function findTarget(request: ArmRequest): Target {
  const account = requireParentAccount(request);
  return { account, container: requireContainer(request, account) };
}

/** A container without a policy shows one of zero days, as Azure does. */
function getPolicy(request: ArmRequest): Reply {
  const target = findTarget(request);
  const none: ImmutabilityPolicy = { state: "Unlocked", periodDays: 0, allowProtectedAppendWrites: false, etag: '""' };
  return reply(target, target.container.immutabilityPolicy ?? none);
}

function setPolicy(request: ArmRequest): Reply {
  const target = findTarget(request);
  const existing = target.container.immutabilityPolicy;
  if (existing?.state === "Locked") throw locked();
  checkEtag(request, existing);
  const policy: ImmutabilityPolicy = {
    state: "Unlocked",
    periodDays: readDays(request),
    allowProtectedAppendWrites: booleanAt(objectAt(request.body, "properties"), "allowProtectedAppendWrites") ?? false,
    etag: newEtag(request.services.clock.now()),
  };
  target.container.immutabilityPolicy = policy;
  return reply(target, policy);
}

function deletePolicy(request: ArmRequest): Reply {
  const target = findTarget(request);
  const policy = requirePolicy(request, target);
  if (policy.state === "Locked") throw locked();
  delete target.container.immutabilityPolicy;
  return reply(target, { ...policy, periodDays: 0, state: "Unlocked" });
}

/** Once locked, a policy can only be extended. */
function lockPolicy(request: ArmRequest): Reply {
  const target = findTarget(request);
  return replace(request, target, { ...requirePolicy(request, target), state: "Locked" });
}

function extendPolicy(request: ArmRequest): Reply {
  const target = findTarget(request);
  const policy = requirePolicy(request, target);
  const periodDays = readDays(request);
  if (policy.state !== "Locked" || periodDays < policy.periodDays) {
    throw badRequest(
      "InvalidRequestPropertyValue",
      "Only a locked policy can be extended, and its period never shortened.",
    );
  }
  return replace(request, target, { ...policy, periodDays });
}

function replace(request: ArmRequest, target: Target, policy: ImmutabilityPolicy): Reply {
  const changed = { ...policy, etag: newEtag(request.services.clock.now()) };
  target.container.immutabilityPolicy = changed;
  return reply(target, changed);
}

/** The policy, which must exist and have the ETag in If-Match. */
function requirePolicy(request: ArmRequest, { container }: Target): ImmutabilityPolicy {
  const policy = container.immutabilityPolicy;
  if (policy === undefined) {
    throw new ArmError(404, "ImmutabilityPolicyNotFound", "The specified immutability policy does not exist.");
  }
  if (request.call.headers["if-match"] === undefined) {
    throw badRequest("MissingOrInvalidRequiredHeader", "The If-Match header is required.");
  }
  checkEtag(request, policy);
  return policy;
}

function checkEtag(request: ArmRequest, policy: ImmutabilityPolicy | undefined): void {
  const wanted = request.call.headers["if-match"];
  if (wanted === undefined || wanted === "*" || policy === undefined) return;
  if (wanted.replaceAll('"', "") === policy.etag.replaceAll('"', "")) return;
  throw new ArmError(412, "PreconditionFailed", "The condition specified in the ETag is not satisfied.");
}

/** 1 to 146000 days (ImmutabilityPolicyProperty). */
function readDays(request: ArmRequest): number {
  const days = objectAt(request.body, "properties")["immutabilityPeriodSinceCreationInDays"];
  if (typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= 146_000) return days;
  throw badRequest(
    "InvalidRequestPropertyValue",
    "immutabilityPeriodSinceCreationInDays must be between 1 and 146000.",
  );
}

function locked(): ArmError {
  return conflict(
    "ContainerImmutabilityPolicyFailure",
    "Operation not allowed on immutability policy with current state.",
  );
}

function reply({ account, container }: Target, policy: ImmutabilityPolicy): Reply {
  const body = {
    id: `${containerId(account, container.name)}/immutabilityPolicies/default`,
    name: "default",
    type: TYPE,
    etag: policy.etag,
    properties: {
      immutabilityPeriodSinceCreationInDays: policy.periodDays,
      state: policy.state,
      allowProtectedAppendWrites: policy.allowProtectedAppendWrites,
    },
  };
  return { status: 200, headers: { ETag: policy.etag }, body };
}

/** Tags have 3 to 23 letters and digits; Storage converts them to lower case. */
function changeHold(
  request: ArmRequest,
  change: (held: readonly string[], sent: readonly string[]) => string[],
): Reply {
  const { container } = findTarget(request);
  const sent = (stringsAt(request.body, "tags") ?? []).map((tag) => tag.toLowerCase());
  if (sent.length === 0 || sent.some((tag) => !/^[a-z0-9]{3,23}$/.test(tag))) {
    throw badRequest("InvalidRequestPropertyValue", "Legal hold tags must have 3 to 23 letters and digits.");
  }
  container.legalHoldTags = change(container.legalHoldTags, sent);
  container.hasLegalHold = container.legalHoldTags.length > 0;
  return { status: 200, body: { hasLegalHold: container.hasLegalHold, tags: container.legalHoldTags } };
}
