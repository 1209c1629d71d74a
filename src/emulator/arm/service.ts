/**
 * Azure Resource Manager: every call under `/subscriptions`, `/providers`, `/tenants` and `/metadata`. The order of the
 * checks is the front door's: api-version, token, route, subscription, right, resource group, locks, policies.
 */
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";
import type { Services } from "../services.ts";
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
import { readJsonBody } from "./front-door/json.ts";
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
import { createRoutes } from "./providers.ts";

/** What all calls of one ARM service share. */
interface Arm {
  readonly services: Services;
  readonly routes: RouteTable;
}

/** The ARM service over a world. It never throws for a fault of the caller. */
export function createArmService(services: Services): Service {
  const operations: AsyncOperations = createAsyncOperations();
  const arm: Arm = { services, routes: createRouteTable(createRoutes(operations)) };
  return Object.assign((call: Call) => answer(arm, call), {
    operationOf: (call: Call) => arm.routes.find(call.method, tidyPath(call.path))?.route.operation,
  });
}

async function answer(arm: Arm, call: Call): Promise<Reply> {
  const path = tidyPath(call.path);
  const metadata = metadataReply(call, path);
  if (metadata !== undefined) return metadata;
  const match = arm.routes.find(call.method, path);
  const reply = await withFaults(() => run(arm, call, match));
  const operation = match?.route.operation;
  return operation === undefined ? reply : { ...reply, headers: { ...reply.headers, [OPERATION_HEADER]: operation } };
}

async function withFaults(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArmError) return errorReply(error);
    throw error;
  }
}

async function run({ services, routes }: Arm, call: Call, match: Match | undefined): Promise<Reply> {
  const apiVersion = requireApiVersion(queryValue(call, "api-version"));
  requireCleanPath(call.path);
  const path = decodeSegment(tidyPath(call.path));
  const caller = await authenticate(call, services, tenantOf(services.world, path));
  if (match === undefined) throw unknownPath(call.method, path, routes.knows(tidyPath(call.path)));
  requireSubscription(services, path);
  requireKnownVersion(match.route, apiVersion);
  const reads = call.method === "GET" || call.method === "HEAD" || call.method === "DELETE";
  const body = reads ? {} : await readJsonBody(call);
  const request = { call, services, caller, apiVersion, path, params: match.params, body };
  admit(request, match.route);
  return match.route.run(request);
}
