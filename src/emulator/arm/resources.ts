/** Resources - List: every tracked resource of a subscription or a resource group. */
import type { Reply } from "../http.ts";
import type { World } from "../world.ts";
import { badRequest } from "./errors.ts";
import { pageReply } from "./paging.ts";
import { resourceGroupId } from "./resource-ids.ts";
import type { ArmRequest, Route } from "./route.ts";
import { queryValue } from "./route.ts";

const TYPE = "Microsoft.Resources/resources";

/** REST: Resources - List, List By Resource Group. */
export const resourceRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/subscriptions/{subscriptionId}/resources",
    type: TYPE,
    operation: "resources/list",
    run: listResources,
  },
  {
    method: "GET",
    path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/resources",
    type: TYPE,
    action: "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    operation: "resources/listByGroup",
    run: listResources,
  },
];

interface Resource {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Those that the caller may read, as ARM filters them. `$filter=resourceType eq '..'` is understood. */
function listResources(request: ArmRequest): Reply {
  const { subscriptionId = "", resourceGroup } = request.params;
  const scope =
    resourceGroup === undefined ? `/subscriptions/${subscriptionId}` : resourceGroupId(subscriptionId, resourceGroup);
  const wanted = readFilter(queryValue(request.call, "$filter"));
  const { world, authorization } = request.services;
  const resources = allResources(world).filter(
    (each) =>
      each.id.toLowerCase().startsWith(`${scope.toLowerCase()}/`) &&
      wanted(each) &&
      authorization.allowsAction(request.caller.principalId, `${each.type}/read`, each.id),
  );
  return pageReply(
    request,
    resources.map((each) => ({ key: each.id.toLowerCase(), view: each })),
  );
}

function allResources(world: World): Resource[] {
  const pick = (type: string) => (each: Omit<Resource, "type">) => {
    const { id, name, location, tags } = each;
    return { id, name, type, location, tags };
  };
  return [
    ...[...world.accounts.values()].map(pick("Microsoft.Storage/storageAccounts")),
    ...[...world.identities.values()].map(pick("Microsoft.ManagedIdentity/userAssignedIdentities")),
  ];
}

function readFilter(filter: string | undefined): (resource: Resource) => boolean {
  if (filter === undefined || filter.trim() === "") return () => true;
  const match = /^(resourceType|name)\s+eq\s+'([^']*)'$/i.exec(filter.trim());
  if (match === null)
    throw badRequest("InvalidFilterInQueryString", `Invalid $filter '${filter}' specified in the query string.`);
  const value = (match[2] ?? "").toLowerCase();
  const isType = match[1]?.toLowerCase() === "resourcetype";
  return (resource) => (isType ? resource.type : resource.name).toLowerCase() === value;
}
