/**
 * Azure Resource Manager: every call under `/subscriptions`, `/providers`, `/tenants` and `/metadata`. The order of the
 * checks is the front door's: api-version, token, route, subscription, right, resource group, locks, policies, body.
 */
import type { AccessToken } from "../entra/tokens.ts";
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";
import type { JsonObject } from "../json.ts";
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
import type { ArmRequest, InnerCall, InnerCalls, Provider } from "./provider.ts";
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
  const apiVersion = requireApiVersion(queryValue(call, "api-version"));
  requireCleanPath(call.path);
  const path = decodeSegment(tidyPath(call.path));
  const caller = await authenticate(call, arm.services, tenantOf(arm.services.world, path));
  const hasNoBody = call.method === "GET" || call.method === "HEAD" || call.method === "DELETE";
  const head = { arm, call, caller, method: call.method, path, apiVersion };
  requireRoute(head, match);
  const isTemplate = match.route.type === "Microsoft.Resources/deployments";
  return answerRoute(head, match, hasNoBody ? {} : await readJsonBody(call, isTemplate));
}

/** A call whose caller is known. */
interface Head {
  readonly arm: Arm;
  readonly call: Call;
  readonly caller: AccessToken;
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
}

/** Throws unless there is such an operation in this version, and the subscription. */
function requireRoute(head: Head, match: Match | undefined): asserts match is Match {
  const { arm, method, path, apiVersion } = head;
  if (match === undefined) throw unknownPath(arm.providers, method, path, arm.routes.knows(path));
  requireSubscription(arm.services, path);
  requireKnownVersion({ ...arm, path, version: apiVersion }, match.route);
}

function answerRoute(head: Head, match: Match, body: JsonObject): Reply | Promise<Reply> {
  return match.route.run(openRoute(head, match, body)());
}

/**
 * Admits a call, and gives how its request is read. A condition on the caller's right looks at what the provider has read;
 * everyone else may not even ask.
 */
function openRoute(head: Head, { route, params }: Match, body: JsonObject): () => ArmRequest {
  const { arm, call, caller, path, apiVersion } = head;
  const { services, providers, operations } = arm;
  const inner = innerCalls(arm, call, caller);
  const sent = { call, services, providers, operations, caller, inner, apiVersion, path, params, body };
  const read = () => ({ ...sent, body: acceptedBody(sent, route) });
  const early = route.attributes === undefined ? undefined : read();
  admit(early ?? sent, route);
  return () => early ?? read();
}

function innerCalls(arm: Arm, call: Call, caller: AccessToken): InnerCalls {
  const find = ({ method, path, apiVersion }: InnerCall): readonly [Head, Match] => {
    const head = { arm, call, caller, method, path: tidyPath(path), apiVersion };
    const match = arm.routes.find(method, head.path);
    requireRoute(head, match);
    return [head, match];
  };
  return {
    send: (inner) => orErrorReply(async () => answerRoute(...find(inner), inner.body ?? {})),
    admit: (inner) => void openRoute(...find(inner), inner.body ?? {})(),
  };
}
