/** Resources - List: every tracked resource of a subscription or a resource group. */

import type { Reply } from "../../http/call.ts";
import { ownValue } from "../../json.ts";
import { badRequest } from "../front-door/errors.ts";
import { pageReply } from "../front-door/paging.ts";
import { resourceGroupOf } from "../front-door/resource-ids.ts";
import { queryValue } from "../front-door/route-table.ts";
import { type ListedResource, listAllTracked, listedScope } from "../front-door/tracked.ts";
import type { ArmRequest, Route } from "../provider.ts";

const TYPE = "Microsoft.Resources/resources";

/** REST: Resources - List, List By Resource Group. */
export const resourceRoutes: readonly Route<typeof TYPE>[] = [
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

/** Those that the caller may read, as ARM filters them. */
function listResources(request: ArmRequest): Reply {
  const prefix = `${listedScope(request)}/`.toLowerCase();
  const wanted = readFilter(queryValue(request.call, "$filter"));
  const { authorization } = request.services;
  const resources = listAllTracked(request).filter(
    (each) =>
      each.id.toLowerCase().startsWith(prefix) &&
      wanted(each) &&
      authorization.allowsAction(request.caller.principalId, `${each.type}/read`, each.id),
  );
  return pageReply(
    request,
    resources.map((each) => ({ key: each.id.toLowerCase(), view: each })),
  );
}

/** What a clause may compare; the names in lower case (REST: Resources - List, `$filter`). */
const PROPERTIES: Readonly<Record<string, (resource: ListedResource) => readonly string[]>> = {
  resourcetype: ({ type }) => [type],
  name: ({ name }) => [name],
  location: ({ location }) => [location],
  resourcegroup: ({ id }) => [resourceGroupOf(id) ?? ""],
  tagname: ({ tags }) => Object.keys(tags),
  tagvalue: ({ tags }) => Object.values(tags),
};

/** Clauses `property eq 'value'` or `ne`, joined by `and`; 400 for the rest of Azure's grammar. */
function readFilter(filter: string | undefined): (resource: ListedResource) => boolean {
  if (filter === undefined || filter.trim() === "") return () => true;
  const clauses = filter
    .trim()
    .split(/\s+and\s+/i)
    .map(readClause);
  const known = clauses.filter((clause) => clause !== undefined);
  if (known.length < clauses.length)
    throw badRequest("InvalidFilterInQueryString", `Invalid $filter '${filter}' specified in the query string.`);
  return (resource) => known.every((clause) => clause(resource));
}

function readClause(text: string): ((resource: ListedResource) => boolean) | undefined {
  const [, property = "", operator = "", value = ""] = /^(\w+)\s+(eq|ne)\s+'([^']*)'$/i.exec(text) ?? [];
  const valuesOf = ownValue(PROPERTIES, property.toLowerCase());
  if (valuesOf === undefined) return undefined;
  const isWanted = operator.toLowerCase() === "eq";
  const wanted = value.toLowerCase();
  return (resource) => valuesOf(resource).some((each) => each.toLowerCase() === wanted) === isWanted;
}
