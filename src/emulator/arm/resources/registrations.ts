/** Resource providers with their types and api-versions, and which of them a subscription is registered with. */
import type { Reply } from "../../http/call.ts";
import type { Subscription } from "../../world.ts";
import { registeredVersions } from "../front-door/admit.ts";
import { authorizationFailed } from "../front-door/errors.ts";
import { REGIONS } from "../front-door/locations.ts";
import { isFree } from "../front-door/registration.ts";
import { unknownNamespace } from "../front-door/unknown-path.ts";
import { type ArmRequest, findProvider, type Provider, type Route } from "../provider.ts";

const TYPE = "Microsoft.Resources/providers";
const ALL = "/subscriptions/{subscriptionId}/providers";
/** Of a subscription's, as refusals name it (terraform-provider-azurerm 2678); at tenant scope everyone may ask. */
const READ = "Microsoft.Resources/subscriptions/providers/read";

/** REST: Providers - List, Get, Register, Unregister, and both reads at tenant scope. */
export const registrationRoutes: readonly Route<typeof TYPE>[] = [
  { method: "GET", path: ALL, type: TYPE, action: READ, operation: "providers/list", run: listProviders },
  {
    method: "GET",
    path: `${ALL}/{namespace}`,
    type: TYPE,
    action: READ,
    operation: "providers/get",
    run: getProvider,
  },
  { method: "GET", path: "/providers", type: TYPE, operation: "providers/listAtTenant", run: listProviders },
  { method: "GET", path: "/providers/{namespace}", type: TYPE, operation: "providers/getAtTenant", run: getProvider },
  {
    method: "POST",
    path: `${ALL}/{namespace}/register`,
    type: TYPE,
    operation: "providers/register",
    run: (request) => setRegistration(request, true),
  },
  {
    method: "POST",
    path: `${ALL}/{namespace}/unregister`,
    type: TYPE,
    operation: "providers/unregister",
    run: (request) => setRegistration(request, false),
  },
];

function listProviders(request: ArmRequest): Reply {
  return { status: 200, body: { value: request.providers.map((provider) => providerView(request, provider)) } };
}

function getProvider(request: ArmRequest): Reply {
  return { status: 200, body: providerView(request, requireProvider(request)) };
}

function requireProvider(request: ArmRequest): Provider {
  const wanted = request.params["namespace"] ?? "";
  const provider = findProvider(request.providers, wanted);
  if (provider !== undefined) return provider;
  throw unknownNamespace(wanted);
}

/** At once, where Azure takes a minute. */
function setRegistration(request: ArmRequest, isRegistered: boolean): Reply {
  const { namespace } = requireProvider(request);
  const action = `${namespace}/${isRegistered ? "register" : "unregister"}/action`;
  const { services, caller, path } = request;
  if (!services.authorization.allowsAction(caller.principalId, action, path)) {
    throw authorizationFailed(caller, action, path, false);
  }
  const subscription = subscriptionOf(request);
  if (subscription !== undefined && !isFree(namespace)) {
    const others = (subscription.unregistered ?? []).filter((each) => each !== namespace.toLowerCase());
    subscription.unregistered = isRegistered ? others : [...others, namespace.toLowerCase()];
  }
  return getProvider(request);
}

function subscriptionOf({ params, services }: ArmRequest): Subscription | undefined {
  return services.world.subscriptions.get(params["subscriptionId"]?.toLowerCase() ?? "");
}

/** At tenant scope nothing is registered, and the answer has no state. */
function providerView(request: ArmRequest, { namespace, types }: Provider): object {
  const { params, services } = request;
  const { subscriptionId } = params;
  const prefix = subscriptionId === undefined ? "" : `/subscriptions/${subscriptionId}`;
  const locations = REGIONS.map((region) => region.displayName);
  const isRegistered = !subscriptionOf(request)?.unregistered?.includes(namespace.toLowerCase());
  return {
    id: `${prefix}/providers/${namespace}`,
    namespace,
    ...(subscriptionId !== undefined && {
      registrationPolicy: isFree(namespace) ? "RegistrationFree" : "RegistrationRequired",
      registrationState: isRegistered ? "Registered" : "NotRegistered",
    }),
    resourceTypes: Object.entries(types).map(([resourceType, { apiVersions }]) => ({
      resourceType,
      locations: namespace === "Microsoft.Authorization" ? [] : locations,
      apiVersions: registeredVersions(apiVersions, services.settings).toReversed(),
      capabilities: "None",
    })),
  };
}
