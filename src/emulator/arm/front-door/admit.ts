/**
 * What the ARM front door checks before a resource provider sees a call: api-version, subscription, the caller's
 * right, registration, resource group, locks and policies, in this order.
 */

import type { Services } from "../../services.ts";
import type { AzureVariants } from "../../variants.ts";
import { type ArmRequest, findType, type Provider, type Route } from "../provider.ts";
import { refuseWhenDenied } from "./deny-assignments.ts";
import { ArmError, authorizationFailed, badRequest, resourceGroupNotFound } from "./errors.ts";
import { refuseWhenLocked } from "./locks.ts";
import { refuseWhenDisallowed } from "./policies.ts";
import { requireRegistration } from "./registration.ts";
import { isGuid, resourceGroupId, resourceGroupOf, subscriptionOf } from "./resource-ids.ts";

/** The api-version of a call; throws 400 when it has none. Whether the type supports it is checked later. */
export function requireApiVersion(version: string | undefined): string {
  if (version !== undefined && version !== "") return version;
  throw badRequest(
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );
}

/** Throws 400 for a path with an encoded separator: the scope that is checked and the resource could differ. */
export function requireCleanPath(path: string): void {
  if (!/%2f|%5c|%00/i.test(path)) return;
  throw badRequest("InvalidRequestUri", "The request URI contains an encoded slash, backslash or NUL.");
}

/** A call as far as its api-version is checked. */
interface VersionedCall {
  readonly services: Services;
  readonly providers: readonly Provider[];
  readonly path: string;
  readonly version: string;
}

/** Throws 400 with the supported versions when the type does not support the call's version. */
export function requireKnownVersion({ services, providers, path, version }: VersionedCall, route: Route): void {
  const type = findType(providers, route.type);
  const known = registeredVersions(type?.apiVersions ?? [], services.settings);
  if (known.includes(version)) return;
  const supported = `The supported api-versions are '${known.join(", ")}'.`;
  const [namespace = "", ...types] = route.type.split("/");
  if (namespace === "Microsoft.Resources") {
    const versions = known.join(",");
    const message = `The api-version '${version}' is invalid. The supported versions are '${versions}'.`;
    throw badRequest("InvalidApiVersionParameter", message);
  }
  const location = locationOf(services, providers, path);
  if (location !== undefined || (route.method === "PUT" && type?.kind === "tracked")) {
    const where = location === undefined ? "" : `location '${location}' and `;
    throw badRequest(
      "NoRegisteredProviderFound",
      `No registered resource provider found for ${where}API version '${version}' for type '${types.join("/")}'. ${supported}`,
    );
  }
  throw badRequest(
    "InvalidResourceType",
    `The resource type '${types.join("/")}' could not be found in the namespace '${namespace}' for api version ` +
      `'${version}'. ${supported}`,
  );
}

/** Those of a type that this cloud knows (variant `newestApiVersion`). */
export function registeredVersions(versions: readonly string[], { newestApiVersion: newest }: AzureVariants): string[] {
  return versions.filter((version) => newest === "" || version.slice(0, newest.length) <= newest);
}

/** Of the tracked resource that the path leads to or into: ARM knows it before the provider is asked (azure-powershell 14395). */
function locationOf({ world }: Services, providers: readonly Provider[], path: string): string | undefined {
  const [id = "", namespace, type] =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/([^/]+)\/([^/]+)\/[^/]+/i.exec(path) ?? [];
  const declared = findType(providers, `${namespace}/${type}`);
  return declared?.kind === "tracked" ? declared.find(world, id.toLowerCase())?.location : undefined;
}

/** Throws 404 for a path in a subscription that does not exist; a path outside any subscription is fine. */
export function requireSubscription(services: Services, path: string): void {
  const id = subscriptionOf(path);
  if (id === undefined) return;
  if (!isGuid(id)) {
    const message = `The provided subscription identifier '${id}' is malformed or invalid.`;
    throw badRequest("InvalidSubscriptionId", message);
  }
  if (services.world.subscriptions.has(id.toLowerCase())) return;
  throw new ArmError(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
}

/**
 * Throws for an authenticated caller without the right, a provider that the subscription is not registered with, a missing
 * resource group, locks and policies, in this order.
 */
export function admit(request: ArmRequest, route: Route): void {
  if (route.action !== undefined) requireAction(request, route.action, route.attributes?.(request));
  requireRegistration(request.services.world, request.path, route);
  requireResourceGroup(request, route);
  refuseWhenLocked(request, route);
  refuseWhenDisallowed(request, route);
}

function requireAction(request: ArmRequest, action: string, attributes = {}): void {
  const { services, caller, path } = request;
  if (services.authorization.allowsAction(caller.principalId, action, path, attributes)) {
    refuseWhenDenied(request, action);
    return;
  }
  const isDelegated = action.startsWith("Microsoft.Authorization/roleAssignments/") && !action.endsWith("/read");
  throw authorizationFailed(caller, action, path, isDelegated);
}

/** The group must exist, except for calls on the group itself, which have answers of their own. */
function requireResourceGroup(request: ArmRequest, route: Route): void {
  const name = resourceGroupOf(request.path);
  const subscriptionId = subscriptionOf(request.path);
  if (name === undefined || subscriptionId === undefined) return;
  if (findType(request.providers, route.type)?.kind === "scope") return;
  const id = resourceGroupId(subscriptionId, name).toLowerCase();
  if (!request.services.world.resourceGroups.has(id)) throw resourceGroupNotFound(name);
}
