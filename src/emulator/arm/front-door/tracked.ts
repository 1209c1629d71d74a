/** Tracked resources of all providers: listed, found by a scope, removed with their resource group. */
import type { Reply } from "../../http/call.ts";
import type { Services } from "../../services.ts";
import { type ArmRequest, declaredTypes, findType, type Provider, type TrackedResource } from "../provider.ts";
import { resourceNotFound } from "./errors.ts";
import { pageReply } from "./paging.ts";
import { resourceGroupId } from "./resource-ids.ts";

/** One page of a type's resources: of the resource group in the path or, when it names none, of the subscription. */
export function listTracked<Resource extends { readonly id: string }>(
  request: ArmRequest,
  resources: Iterable<Resource>,
  view: (resource: Resource) => object,
): Reply {
  const prefix = `${listedScope(request)}/`.toLowerCase();
  const found = [...resources].filter((each) => each.id.toLowerCase().startsWith(prefix));
  return pageReply(
    request,
    found.map((each) => ({ key: each.id.toLowerCase(), view: view(each) })),
  );
}

/** The resource group, or the subscription, whose resources a list call asks for. */
export function listedScope({ params }: ArmRequest): string {
  const { subscriptionId = "", resourceGroup } = params;
  return resourceGroup === undefined
    ? `/subscriptions/${subscriptionId}`
    : resourceGroupId(subscriptionId, resourceGroup);
}

/** A tracked resource as Resources - List shows it. */
export interface ListedResource extends TrackedResource {
  readonly type: string;
}

/** The resources of all providers, provider by provider. */
export function listAllTracked({ providers, services }: ArmRequest): ListedResource[] {
  return declaredTypes(providers).flatMap(({ name: type, declaration }) => {
    if (declaration.kind !== "tracked") return [];
    return [...declaration.all(services.world)].map(({ id, name, location, tags }) => {
      return { id, name, type, location, tags };
    });
  });
}

/** Removes all resources in a resource group, with what is nested in them. */
export function removeAllTracked(providers: readonly Provider[], services: Services, groupId: string): void {
  const prefix = `${groupId}/`.toLowerCase();
  for (const { declaration } of declaredTypes(providers)) {
    if (declaration.kind !== "tracked") continue;
    const members = [...declaration.all(services.world)].filter(({ id }) => id.toLowerCase().startsWith(prefix));
    for (const member of members) declaration.remove(services, member);
  }
}

/**
 * Throws 404 ResourceNotFound when a scope contains a tracked resource that does not exist. What is nested in one (a
 * container) is not checked: ARM knows tracked resources only.
 */
export function requireTrackedResource(request: ArmRequest, scope: string): void {
  if (hasTrackedResource(request, scope)) return;
  const [, resourceGroup = "", namespace = "", type = "", name = ""] = TRACKED.exec(scope) ?? [];
  throw resourceNotFound(`${namespace}/${type}`, name, resourceGroup);
}

const TRACKED = /\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/([^/]+)\/([^/]+)/i;

/** Whether the tracked resource that a scope contains exists; also true for a scope that contains none. */
export function hasTrackedResource({ providers, services }: ArmRequest, scope: string): boolean {
  const match = TRACKED.exec(scope);
  if (match === null) return true;
  const [path, , namespace = "", type = ""] = match;
  const id = scope.slice(0, match.index + path.length).toLowerCase();
  const declaration = findType(providers, `${namespace}/${type}`);
  return declaration?.kind === "tracked" && declaration.find(services.world, id) !== undefined;
}
