/** Resource groups. Deleting one deletes everything in it. */
import type { Reply } from "../../http/call.ts";
import type { ResourceGroup } from "../../world.ts";
import { badRequest, conflict, resourceGroupNotFound } from "../front-door/errors.ts";
import { stringAt } from "../front-door/json.ts";
import { requireLocation } from "../front-door/locations.ts";
import { pageReply } from "../front-door/paging.ts";
import { resourceGroupId } from "../front-door/resource-ids.ts";
import { ARM_TAGS, readTags } from "../front-door/tags.ts";
import { removeAllTracked } from "../front-door/tracked.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Resources/resourceGroups";
const ACTION = "Microsoft.Resources/subscriptions/resourceGroups";
const ALL = "/subscriptions/{subscriptionId}/resourceGroups";
const ITEM = `${ALL}/{resourceGroup}`;

/** REST: Resource Groups - List, Get, Check Existence, Create Or Update, Update, Delete. */
export const resourceGroupRoutes: readonly Route<typeof TYPE>[] = [
  { method: "GET", path: ALL, type: TYPE, operation: "resourceGroups/list", run: listGroups },
  ...routesOf(ACTION, [
    ["GET", ITEM, "read", "resourceGroups/get", getGroup],
    ["HEAD", ITEM, "read", "resourceGroups/check", checkGroup],
    ["PUT", ITEM, "write", "resourceGroups/create", putGroup, "resourceGroup"],
    ["PATCH", ITEM, "write", "resourceGroups/update", patchGroup, "resourceGroupUpdate"],
    ["DELETE", ITEM, "delete", "resourceGroups/delete", deleteGroup],
  ]).map((route): Route<typeof TYPE> => ({ ...route, type: TYPE })),
];

function idOf({ params }: ArmRequest): string {
  return resourceGroupId(params["subscriptionId"] ?? "", params["resourceGroup"] ?? "");
}

function findGroup(request: ArmRequest): ResourceGroup | undefined {
  return request.services.world.resourceGroups.get(idOf(request).toLowerCase());
}

function requireGroup(request: ArmRequest): ResourceGroup {
  const group = findGroup(request);
  if (group !== undefined) return group;
  throw resourceGroupNotFound(request.params["resourceGroup"] ?? "");
}

function getGroup(request: ArmRequest): Reply {
  return { status: 200, body: groupView(requireGroup(request)) };
}

function checkGroup(request: ArmRequest): Reply {
  return { status: findGroup(request) === undefined ? 404 : 204 };
}

/** 201 for a new group, 200 for one that exists: its tags are replaced, its location stays. */
function putGroup(request: ArmRequest): Reply {
  const { subscriptionId = "", resourceGroup: name = "" } = request.params;
  if (!/^[\p{L}\p{N}_().-]{1,90}$/u.test(name) || name.endsWith(".")) {
    const message = `The resource group name '${name}' or its characters are not valid.`;
    throw badRequest("InvalidResourceGroupName", message);
  }
  const location = requireLocation(stringAt(request.body, "location"));
  const tags = readTags(request.body, ARM_TAGS) ?? {};
  const existing = findGroup(request);
  if (existing !== undefined) {
    if (existing.location !== location) throw otherLocation(existing, location);
    existing.tags = tags;
    return { status: 200, body: groupView(existing) };
  }
  const group = { id: idOf(request), name, subscriptionId, location, tags };
  request.services.world.resourceGroups.set(group.id.toLowerCase(), group);
  return { status: 201, body: groupView(group) };
}

function otherLocation(group: ResourceGroup, location: string) {
  return conflict(
    "InvalidResourceGroupLocation",
    `Invalid resource group location '${location}'. The Resource group already exists in location '${group.location}'.`,
  );
}

function patchGroup(request: ArmRequest): Reply {
  const group = requireGroup(request);
  group.tags = readTags(request.body, ARM_TAGS) ?? group.tags;
  return { status: 200, body: groupView(group) };
}

/** Azure answers 202 and takes minutes; here the group is deleted at once, which the protocol allows (200). */
function deleteGroup(request: ArmRequest): Reply {
  const group = requireGroup(request);
  const { providers, services } = request;
  removeAllTracked(providers, services, group.id);
  const { deployments } = services.world;
  for (const id of deployments.keys()) if (id.startsWith(`${group.id}/`.toLowerCase())) deployments.delete(id);
  services.world.resourceGroups.delete(group.id.toLowerCase());
  return { status: 200 };
}

/** The groups that the caller may read: with a right on a single group it sees that one. */
function listGroups(request: ArmRequest): Reply {
  const { services, caller } = request;
  const subscriptionId = request.params["subscriptionId"]?.toLowerCase();
  const groups = [...services.world.resourceGroups.values()].filter(
    (group) =>
      group.subscriptionId.toLowerCase() === subscriptionId &&
      services.authorization.allowsAction(caller.principalId, `${ACTION}/read`, group.id),
  );
  return pageReply(
    request,
    groups.map((group) => ({ key: group.id.toLowerCase(), view: groupView(group) })),
  );
}

function groupView(group: ResourceGroup): object {
  const { id, name, location, tags } = group;
  return { id, name, type: TYPE, location, tags, properties: { provisioningState: "Succeeded" } };
}
