/** Subscriptions, tenants and locations: what SDKs and CLIs look for right after sign-in. */
import { coversScope } from "../../authorization/scopes.ts";
import type { Reply } from "../../http/call.ts";
import type { Subscription } from "../../world.ts";
import { ArmError } from "../front-door/errors.ts";
import { REGIONS } from "../front-door/locations.ts";
import type { ArmRequest, Route } from "../provider.ts";

const TYPE = "Microsoft.Resources/subscriptions";
const TENANTS = "Microsoft.Resources/tenants";

/** REST: Tenants - List; Subscriptions - List, Get, List Locations. */
export const subscriptionRoutes: readonly Route<typeof TYPE | typeof TENANTS>[] = [
  { method: "GET", path: "/tenants", type: TENANTS, operation: "tenants/list", run: listTenants },
  { method: "GET", path: "/subscriptions", type: TYPE, operation: "subscriptions/list", run: listSubscriptions },
  {
    method: "GET",
    path: "/subscriptions/{subscriptionId}",
    type: TYPE,
    operation: "subscriptions/get",
    run: getSubscription,
  },
  {
    method: "GET",
    path: "/subscriptions/{subscriptionId}/locations",
    type: TYPE,
    operation: "locations/list",
    run: listLocations,
  },
];

function listTenants(request: ArmRequest): Reply {
  const value = [...request.services.world.tenants.values()]
    .filter((tenant) => tenant.id === request.caller.tenantId)
    .map(({ id }) => ({
      id: `/tenants/${id}`,
      tenantId: id,
      countryCode: "NL",
      displayName: "Keyless emulator",
      domains: [],
      tenantCategory: "Home",
    }));
  return { status: 200, body: { value } };
}

/** Those in which the caller has any role, at any scope. */
function listSubscriptions(request: ArmRequest): Reply {
  const value = [...request.services.world.subscriptions.values()]
    .filter((subscription) => isVisible(request, subscription))
    .map(subscriptionView);
  return { status: 200, body: { value, count: { type: "Total", value: value.length } } };
}

function getSubscription(request: ArmRequest): Reply {
  return { status: 200, body: subscriptionView(requireSubscription(request)) };
}

function requireSubscription(request: ArmRequest): Subscription {
  const id = request.params["subscriptionId"] ?? "";
  const subscription = request.services.world.subscriptions.get(id.toLowerCase());
  if (subscription !== undefined && isVisible(request, subscription)) return subscription;
  throw new ArmError(404, "SubscriptionNotFound", `The subscription '${id}' could not be found.`);
}

function isVisible(request: ArmRequest, subscription: Subscription): boolean {
  const scope = `/subscriptions/${subscription.id}`;
  return [...request.services.world.roleAssignments.values()].some(
    (each) =>
      each.principalId === request.caller.principalId &&
      each.effectiveUntil === undefined &&
      (coversScope(each.scope, scope) || coversScope(scope, each.scope)),
  );
}

function listLocations(request: ArmRequest): Reply {
  const subscription = requireSubscription(request);
  const value = REGIONS.map(({ name, displayName, pair, geography }) => ({
    id: `/subscriptions/${subscription.id}/locations/${name}`,
    name,
    type: "Region",
    displayName,
    regionalDisplayName: `(${geography}) ${displayName}`,
    metadata: {
      regionType: "Physical",
      regionCategory: "Recommended",
      geographyGroup: geography,
      pairedRegion: [{ name: pair, id: `/subscriptions/${subscription.id}/locations/${pair}` }],
    },
  }));
  return { status: 200, body: { value } };
}

function subscriptionView({ id, tenantId, displayName }: Subscription): object {
  return {
    id: `/subscriptions/${id}`,
    authorizationSource: "RoleBased",
    managedByTenants: [],
    subscriptionId: id,
    tenantId,
    displayName,
    state: "Enabled",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}
