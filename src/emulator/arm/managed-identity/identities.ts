/** User-assigned managed identities: resources of ARM and, at the same time, principals of Entra. */
import { randomUUID } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import type { Services } from "../../services.ts";
import type { UserAssignedIdentity } from "../../world.ts";
import { shown } from "../bodies/shown.ts";
import { badRequest, parentNotFound, resourceNotFound } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { otherLocation, requireLocation } from "../front-door/locations.ts";
import { resourceId } from "../front-door/resource-ids.ts";
import { ARM_TAGS, readTags } from "../front-door/tags.ts";
import { listTracked } from "../front-door/tracked.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities";
const GROUP = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${TYPE}`;
/** Path of one identity. */
export const IDENTITY = `${GROUP}/{identity}`;
const SUBSCRIPTION = `/subscriptions/{subscriptionId}/providers/${TYPE}`;

/** REST: User Assigned Identities - Get, Create Or Update, Update, Delete, List By Resource Group, By Subscription. */
export const identityRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", IDENTITY, "read", "identities/get", getIdentity],
  ["PUT", IDENTITY, "write", "identities/create", putIdentity, "identity"],
  ["PATCH", IDENTITY, "write", "identities/update", patchIdentity, "identityUpdate"],
  ["DELETE", IDENTITY, "delete", "identities/delete", deleteIdentity],
  ["GET", GROUP, "read", "identities/listByGroup", listIdentities],
  ["GET", SUBSCRIPTION, "read", "identities/list", listIdentities],
]);

function idOf({ params }: ArmRequest): string {
  return resourceId(params["subscriptionId"] ?? "", params["resourceGroup"] ?? "", TYPE, params["identity"] ?? "");
}

function findIdentity(request: ArmRequest): UserAssignedIdentity | undefined {
  return request.services.world.identities.get(idOf(request).toLowerCase());
}

/** The identity of a request's path, or 404 ResourceNotFound. */
export function requireIdentity(request: ArmRequest): UserAssignedIdentity {
  const identity = findIdentity(request);
  if (identity !== undefined) return identity;
  throw resourceNotFound(TYPE, request.params["identity"] ?? "", request.params["resourceGroup"] ?? "");
}

/** The same for a write of one of its children: 404 ParentResourceNotFound. */
export function requireParentIdentity(request: ArmRequest): UserAssignedIdentity {
  const identity = findIdentity(request);
  if (identity !== undefined || request.call.method !== "PUT") return identity ?? requireIdentity(request);
  throw parentNotFound(request.params["identity"] ?? "");
}

function getIdentity(request: ArmRequest): Reply {
  return { status: 200, body: identityView(request, requireIdentity(request)) };
}

/** 201 for a new identity (with a new principal in the tenant), 200 for one that exists: its tags are replaced. */
function putIdentity(request: ArmRequest): Reply {
  const name = request.params["identity"] ?? "";
  if (!/^[a-z0-9][a-z0-9_-]{2,127}$/i.test(name)) {
    throw badRequest(
      "InvalidResourceName",
      `The resource name '${name}' is not valid: 3 to 128 letters, digits, '-' and '_'.`,
    );
  }
  const location = requireLocation(stringAt(request.body, "location"));
  const tags = readTags(request.body, ARM_TAGS) ?? {};
  const existing = findIdentity(request);
  if (existing !== undefined) {
    if (existing.location !== location) throw otherLocation(existing, location);
    existing.tags = tags;
    return { status: 200, body: identityView(request, existing) };
  }
  const identity = newIdentity(request, location, tags);
  addPrincipal(request.services, identity);
  request.services.world.identities.set(identity.id.toLowerCase(), identity);
  return { status: 201, body: identityView(request, identity) };
}

function newIdentity(request: ArmRequest, location: string, tags: Record<string, string>): UserAssignedIdentity {
  const { subscriptionId = "", resourceGroup = "", identity: name = "" } = request.params;
  const tenantId = request.services.world.subscriptions.get(subscriptionId.toLowerCase())?.tenantId;
  const properties = objectAt(request.body, "properties");
  return {
    id: idOf(request),
    name,
    subscriptionId,
    resourceGroup,
    location,
    principalId: randomUUID(),
    clientId: randomUUID(),
    tenantId: tenantId ?? request.caller.tenantId,
    tags,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    federatedCredentials: new Map(),
  };
}

function addPrincipal({ world, clock }: Services, identity: UserAssignedIdentity): void {
  world.principals.set(identity.principalId, {
    id: identity.principalId,
    clientId: identity.clientId,
    tenantId: identity.tenantId,
    displayName: identity.name,
    identityId: identity.id,
    federatedCredentials: new Map(),
    createdAt: clock.now(),
  });
}

function patchIdentity(request: ArmRequest): Reply {
  const identity = requireIdentity(request);
  identity.tags = readTags(request.body, ARM_TAGS) ?? identity.tags;
  return { status: 200, body: identityView(request, identity) };
}

/** 204 when it does not exist. The principal is deleted too; its role assignments stay, as in Azure. */
function deleteIdentity(request: ArmRequest): Reply {
  const identity = findIdentity(request);
  if (identity === undefined) return { status: 204 };
  dropIdentity(request.services, identity);
  return { status: 200 };
}

/** Removes an identity and its principal. */
export function dropIdentity({ world }: Services, identity: UserAssignedIdentity): void {
  world.identities.delete(identity.id.toLowerCase());
  world.principals.delete(identity.principalId);
}

function listIdentities(request: ArmRequest): Reply {
  return listTracked(request, request.services.world.identities.values(), (identity) =>
    identityView(request, identity),
  );
}

function identityView(request: ArmRequest, identity: UserAssignedIdentity): object {
  const { tenantId, principalId, clientId } = identity;
  return shown("identity", request.apiVersion, {
    id: identity.id,
    name: identity.name,
    type: TYPE,
    location: identity.location,
    tags: identity.tags,
    properties: { ...identity.properties, tenantId, principalId, clientId },
  });
}
