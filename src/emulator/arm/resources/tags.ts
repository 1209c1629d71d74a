/**
 * The tags of a resource group or resource as a resource of their own (Microsoft.Resources/tags `default`), with which `az tag
 * update` merges tags without a right on the resource ("Tags - Create Or Update, Update, Get, Delete At Scope").
 */
import type { Reply } from "../../http/call.ts";
import { isObject, type JsonObject } from "../../json.ts";
import { requireTags } from "../bodies/resource-definition.ts";
import { badRequest, resourceGroupNotFound, resourceNotFound } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { ARM_TAGS, readTags, type TagLimits } from "../front-door/tags.ts";
import { type ArmRequest, findType, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Resources/tags";
const ITEM = "{scope}/providers/Microsoft.Resources/tags/default";
const GROUP = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)$/i;
const TRACKED = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/([^/]+)\/([^/]+)$/i;

type Tags = Record<string, string>;

/** REST: Tags - Get, Create Or Update, Update and Delete At Scope. */
export const tagRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ITEM, "read", "tags/get", (request) => answer(request, openScope(request).tags)],
  ["PUT", ITEM, "write", "tags/create", putTags],
  ["PATCH", ITEM, "write", "tags/update", patchTags],
  ["DELETE", ITEM, "delete", "tags/delete", deleteTags],
]);

function putTags(request: ArmRequest): Reply {
  const scope = openScope(request);
  return answer(request, scope.replace(sentTags(request)));
}

/** `operation`: Merge adds and changes, Replace replaces all, Delete removes what has the name and, if one is sent, the value. */
function patchTags(request: ArmRequest): Reply {
  const scope = openScope(request);
  const sent = sentTags(request);
  const operation = stringAt(request.body, "operation")?.toLowerCase();
  if (operation === "replace") return answer(request, scope.replace(sent));
  if (operation === "merge") return answer(request, scope.replace({ ...without(scope.tags, sent, false), ...sent }));
  if (operation === "delete") return answer(request, scope.replace(without(scope.tags, sent, true)));
  throw badRequest("InvalidTagsPatchOperation", "The operation must be 'Replace', 'Merge' or 'Delete'.", "operation");
}

function deleteTags(request: ArmRequest): Reply {
  openScope(request).replace({});
  return { status: 200 };
}

/** The tags that are left; names compare without case ("tag-resources"). */
function without(tags: Readonly<Tags>, named: Readonly<Tags>, byValue: boolean): Tags {
  const isNamed = ([name, value]: readonly [string, string]): boolean =>
    Object.entries(named).some(([other, wanted]) => {
      const isSame = other.toLowerCase() === name.toLowerCase();
      return isSame && (!byValue || wanted === "" || wanted === value);
    });
  return Object.fromEntries(Object.entries(tags).filter((tag) => !isNamed(tag)));
}

function sentTags({ body }: ArmRequest): Tags {
  const properties: JsonObject = objectAt(body, "properties");
  if (isObject(properties["tags"])) requireTags(properties["tags"], "properties.tags");
  const tags = readTags(properties, ARM_TAGS);
  if (tags === undefined)
    throw badRequest("InvalidTagsRequest", "The request has no 'properties.tags'.", "properties.tags");
  return tags;
}

function answer({ params }: ArmRequest, tags: Readonly<Tags>): Reply {
  const id = `${params["scope"]}/providers/Microsoft.Resources/tags/default`;
  return { status: 200, body: { id, name: "default", type: TYPE, properties: { tags } } };
}

interface TaggedScope {
  readonly tags: Readonly<Tags>;
  /** Within the limits of the resource's provider, else 400; answers the new tags. */
  replace(tags: Tags): Tags;
}

/** 404 for what does not exist; 400 for what has no tags here: subscriptions, and what is nested in a resource. */
function openScope(request: ArmRequest): TaggedScope {
  const { providers, services } = request;
  const scope = request.params["scope"] ?? "";
  const groupName = GROUP.exec(scope)?.[1];
  if (groupName !== undefined) {
    const group = services.world.resourceGroups.get(scope.toLowerCase());
    if (group === undefined) throw resourceGroupNotFound(groupName);
    return tagged(group.tags, ARM_TAGS, (tags) => Object.assign(group, { tags }));
  }
  const [, resourceGroup = "", namespace = "", type = "", name = ""] = TRACKED.exec(scope) ?? [];
  const declaration = findType(providers, `${namespace}/${type}`);
  if (declaration?.kind !== "tracked") {
    throw badRequest("InvalidTagsScope", `The emulator keeps no tags at the scope '${scope}'.`);
  }
  const resource = declaration.find(services.world, scope.toLowerCase());
  if (resource === undefined) throw resourceNotFound(`${namespace}/${type}`, name, resourceGroup);
  return tagged(resource.tags, declaration.tagLimits, (tags) => Object.assign(resource, { tags }));
}

function tagged(tags: Readonly<Tags>, limits: TagLimits, store: (tags: Tags) => void): TaggedScope {
  return {
    tags,
    replace(next) {
      readTags({ tags: next }, limits);
      store(next);
      return next;
    },
  };
}
