/** Resource providers: always registered, with their types and api-versions. */
import type { Reply } from "../../http/call.ts";
import { ArmError } from "../front-door/errors.ts";
import { REGIONS } from "../front-door/locations.ts";
import type { ArmRequest, Route } from "../front-door/route-table.ts";
import { API_VERSIONS } from "../storage/api-versions.ts";

const TYPE = "Microsoft.Resources/providers";
const ALL = "/subscriptions/{subscriptionId}/providers";

/** REST: Providers - List, Get, Register, and both reads at tenant scope. */
export const providerRoutes: readonly Route[] = [
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

function namespaces(): string[] {
  return [...new Set(Object.keys(API_VERSIONS).map((type) => type.split("/")[0] ?? ""))];
}

function listProviders(request: ArmRequest): Reply {
  return { status: 200, body: { value: namespaces().map((namespace) => providerView(request, namespace)) } };
}

function getProvider(request: ArmRequest): Reply {
  const wanted = request.params["namespace"] ?? "";
  const namespace = namespaces().find((each) => each.toLowerCase() === wanted.toLowerCase());
  if (namespace !== undefined) return { status: 200, body: providerView(request, namespace) };
  throw new ArmError(404, "InvalidResourceNamespace", `The resource namespace '${wanted}' is invalid.`);
}

function providerView(request: ArmRequest, namespace: string): object {
  const { subscriptionId } = request.params;
  const prefix = subscriptionId === undefined ? "" : `/subscriptions/${subscriptionId}`;
  const types = Object.entries(API_VERSIONS).filter(([type]) => type.startsWith(`${namespace}/`));
  const locations = REGIONS.map((region) => region.displayName);
  return {
    id: `${prefix}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationRequired",
    registrationState: "Registered",
    resourceTypes: types.map(([type, versions]) => ({
      resourceType: type.slice(namespace.length + 1),
      locations: namespace === "Microsoft.Authorization" ? [] : locations,
      apiVersions: versions.toReversed(),
      capabilities: "None",
    })),
  };
}
