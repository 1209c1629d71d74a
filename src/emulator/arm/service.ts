/**
 * Azure Resource Manager: every call under `/subscriptions`, `/providers`, `/tenants` and `/metadata`. The order of the
 * checks is the front door's: api-version, token, route, subscription, right, resource group, locks, policies, body.
 */
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";
import type { Services } from "../services.ts";
import { acceptedBody } from "./bodies/accepted-body.ts";
import {
  admit,
  requireApiVersion,
  requireCleanPath,
  requireKnownVersion,
  requireSubscription,
} from "./front-door/admit.ts";
import { type AsyncOperations, createAsyncOperations } from "./front-door/async-operations.ts";
import { authenticate } from "./front-door/authenticate.ts";
import { ArmError, errorReply } from "./front-door/errors.ts";
import { withArmHeaders } from "./front-door/headers.ts";
import { readJsonBody } from "./front-door/json.ts";
import { withLimits } from "./front-door/limits.ts";
import { metadataReply } from "./front-door/metadata-endpoints.ts";
import { tenantOf } from "./front-door/resource-ids.ts";
import {
  createRouteTable,
  decodeSegment,
  type Match,
  queryValue,
  type RouteTable,
  tidyPath,
} from "./front-door/route-table.ts";
import { unknownPath } from "./front-door/unknown-path.ts";
import type { ArmRequest, Provider, Route } from "./provider.ts";
import { PROVIDERS } from "./providers.ts";

/** What all calls of one ARM service share. */
interface Arm {
  readonly services: Services;
  readonly providers: readonly Provider[];
  readonly operations: AsyncOperations;
  readonly routes: RouteTable;
}

/**
 * The ARM service over a world, with request limits and common headers around it. Refusals are replies, never throws.
 */
export function createArmService(services: Services): Service {
  const arm: Arm = {
    services,
    providers: PROVIDERS,
    operations: createAsyncOperations(),
    routes: createRouteTable(PROVIDERS.flatMap(({ routes }) => routes)),
  };
  const service: Service = Object.assign((call: Call) => answer(arm, call), {
    operationOf: (call: Call) => arm.routes.find(call.method, tidyPath(call.path))?.route.operation,
    operations: PROVIDERS.flatMap(({ routes }) => routes.map(({ operation }) => operation)),
  });
  return withArmHeaders(withLimits(service, PROVIDERS, services), services.clock);
}

async function answer(arm: Arm, call: Call): Promise<Reply> {
  const path = tidyPath(call.path);
  const metadata = metadataReply(call, path);
  if (metadata !== undefined) return metadata;
  const match = arm.routes.find(call.method, path);
  const reply = await orErrorReply(() => run(arm, call, match));
  const operation = match?.route.operation;
  return operation === undefined ? reply : { ...reply, headers: { ...reply.headers, [OPERATION_HEADER]: operation } };
}

async function orErrorReply(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArmError) return errorReply(error);
    throw error;
  }
}

async function run(arm: Arm, call: Call, match: Match | undefined): Promise<Reply> {
  const { services, providers, operations, routes } = arm;
  const apiVersion = requireApiVersion(queryValue(call, "api-version"));
  requireCleanPath(call.path);
  const path = decodeSegment(tidyPath(call.path));
  const caller = await authenticate(call, services, tenantOf(services.world, path));
  if (match === undefined) throw unknownPath(providers, call.method, path, routes.knows(tidyPath(call.path)));
  requireSubscription(services, path);
  requireKnownVersion({ services, providers, path, version: apiVersion }, match.route);
  const hasNoBody = call.method === "GET" || call.method === "HEAD" || call.method === "DELETE";
  const body = hasNoBody ? {} : await readJsonBody(call);
  const sent = { call, services, providers, operations, caller, apiVersion, path, params: match.params, body };
  return take(sent, match.route);
}

/** A condition on the caller's right looks at what the provider has read; everyone else may not even ask. */
function take(sent: ArmRequest, route: Route): Reply | Promise<Reply> {
  const read = () => ({ ...sent, body: acceptedBody(sent, route) });
  const early = route.attributes === undefined ? undefined : read();
  admit(early ?? sent, route);
  return route.run(early ?? read());
}
