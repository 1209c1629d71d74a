/** Resource providers: always registered, with their types and api-versions. */
import type { Reply } from "../../http/call.ts";
import { registeredVersions } from "../front-door/admit.ts";
import { REGIONS } from "../front-door/locations.ts";
import { unknownNamespace } from "../front-door/unknown-path.ts";
import { type ArmRequest, findProvider, type Provider, type Route } from "../provider.ts";

const TYPE = "Microsoft.Resources/providers";
const ALL = "/subscriptions/{subscriptionId}/providers";

/** REST: Providers - List, Get, Register, and both reads at tenant scope. */
export const registrationRoutes: readonly Route<typeof TYPE>[] = [
  { method: "GET", path: ALL, type: TYPE, operation: "providers/list", run: listProviders },
  { method: "GET", path: `${ALL}/{namespace}`, type: TYPE, operation: "providers/get", run: getProvider },
  { method: "GET", path: "/providers", type: TYPE, operation: "providers/listAtTenant", run: listProviders },
  { method: "GET", path: "/providers/{namespace}", type: TYPE, operation: "providers/getAtTenant", run: getProvider },
  {
    method: "POST",
    path: `${ALL}/{namespace}/register`,
    type: TYPE,
    operation: "providers/register",
    run: getProvider,
  },
];

function listProviders(request: ArmRequest): Reply {
  return { status: 200, body: { value: request.providers.map((provider) => providerView(request, provider)) } };
}

function getProvider(request: ArmRequest): Reply {
  const wanted = request.params["namespace"] ?? "";
  const provider = findProvider(request.providers, wanted);
  if (provider !== undefined) return { status: 200, body: providerView(request, provider) };
  throw unknownNamespace(wanted);
}

function providerView({ params, services }: ArmRequest, { namespace, types }: Provider): object {
  const { subscriptionId } = params;
  const prefix = subscriptionId === undefined ? "" : `/subscriptions/${subscriptionId}`;
  const locations = REGIONS.map((region) => region.displayName);
  return {
    id: `${prefix}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationRequired",
    registrationState: "Registered",
    resourceTypes: Object.entries(types).map(([resourceType, { apiVersions }]) => ({
      resourceType,
      locations: namespace === "Microsoft.Authorization" ? [] : locations,
      apiVersions: registeredVersions(apiVersions, services.settings).toReversed(),
      capabilities: "None",
    })),
  };
}
