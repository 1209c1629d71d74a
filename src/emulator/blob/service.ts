/**
 * The Blob service: finds account, container and blob in a call, checks version, caller and right, runs the operation,
 * and gives every answer the headers that all of Azure's have.
 */
import { type Call, OPERATION_HEADER, type Reply } from "../http/call.ts";
import type { BlobService, BlobTarget, Services } from "../services.ts";
import { invalidQuery, StorageError } from "../storage/errors.ts";
import { authenticate } from "./auth/authenticate.ts";
import { authorize } from "./auth/authorize.ts";
import { checkNetwork } from "./auth/firewall.ts";
import { blobErrorReply } from "./errors.ts";
import { findAccount, versionOf } from "./http/account.ts";
import { answerPreflight, corsHeaders } from "./http/cors.ts";
import { standardHeaders } from "./http/headers.ts";
import type { Operation } from "./http/operation.ts";
import { type Address, type BlobRequest, parseAddress, withLowerNames } from "./http/request.ts";
import { refuseSelectors, refuseUnsupported } from "./http/selectors.ts";
import { refuseOnHierarchical } from "./http/unsupported.ts";
import { nameIn } from "./namespace/names.ts";
import { findOperation, METHODS, OPERATION_NAMES } from "./routes.ts";

const SERVER = "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0";

/** Creates the service. `operationOf` names a call from its head, as the call log does. */
export function createBlobService(services: Services): BlobService {
  const answer = async (sent: Call, target: BlobTarget): Promise<Reply> => {
    const call = { ...sent, query: withLowerNames(sent.query) };
    const now = services.clock.now();
    const handled: Handled = { call, target, services, now, answer };
    const operation = tryFindOperation(call, target);
    const reply = await run(handled, operation);
    const named = operation === undefined ? {} : { [OPERATION_HEADER]: operation.name };
    const cors = corsHeaders(services.world.accounts.get(target.account), call);
    return { ...reply, headers: { ...standardHeaders(call, now, SERVER), ...cors, ...reply.headers, ...named } };
  };
  return Object.assign(answer, {
    operationOf: (call: Call, target: BlobTarget) =>
      tryFindOperation({ ...call, query: withLowerNames(call.query) }, target)?.name,
    operations: OPERATION_NAMES,
  });
}

interface Handled {
  readonly call: Call;
  readonly target: BlobTarget;
  readonly services: Services;
  readonly now: number;
  readonly answer: BlobRequest["answer"];
}

async function run(handled: Handled, operation: Operation | undefined): Promise<Reply> {
  try {
    refuseUnsupported(handled);
    if (handled.call.method === "OPTIONS") {
      return answerPreflight(findAccount(handled.services, handled.target, handled.now), handled.call);
    }
    const request = await openRequest(handled, operation);
    return await request.operation.run(request);
  } catch (error) {
    if (error instanceof StorageError) return blobErrorReply(error, handled.call, handled.now);
    throw error;
  }
}

async function openRequest(
  { call, target, services, now, answer }: Handled,
  operation: Operation | undefined,
): Promise<BlobRequest & { readonly operation: Operation }> {
  const account = findAccount(services, target, now);
  const address = parseAddress(target.path, call.query);
  const version = versionOf(call, account);
  if (!METHODS.has(call.method)) throw new StorageError("UnsupportedHttpVerb");
  if (operation === undefined) throw unknownOperation(call, address.level);
  const head = { call, services, target, account, version, now };
  const blob = nameIn(account, address.blob);
  const request = { ...head, ...address, blob, answer, caller: await authenticate(head), operation };
  checkNetwork(account);
  authorize(request, operation.right);
  refuseOnHierarchical(request);
  refuseSelectors(request, operation.accepts);
  return request;
}

/** 400 for an unknown `comp`, also when a call for the service has none; else the method is wrong: 405. */
function unknownOperation(call: Call, level: Address["level"]): StorageError {
  const comp = call.query.get("comp");
  return comp !== null || level === "service" ? invalidQuery("comp", comp) : new StorageError("UnsupportedHttpVerb");
}

function tryFindOperation(call: Call, target: BlobTarget): Operation | undefined {
  try {
    return findOperation(call, parseAddress(target.path, call.query));
  } catch {
    return undefined; // the name is not valid; the call will be refused for that
  }
}
