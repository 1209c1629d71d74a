/**
 * The Blob service: finds account, container and blob in a call, checks version, caller and right, runs the operation,
 * and gives every answer the headers that all of Azure's have.
 */
import { type Call, OPERATION_HEADER, type Reply } from "../http.ts";
import type { BlobService, BlobTarget, Services } from "../services.ts";
import type { StorageAccount } from "../world.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { answerPreflight, corsHeaders } from "./cors.ts";
import { BlobError, errorReply, invalidQuery } from "./errors.ts";
import { nameIn } from "./namespace.ts";
import { checkNetwork } from "./network.ts";
import { type Address, type BlobRequest, parseAddress, parseVersion } from "./request.ts";
import { findOperation, METHODS, type Operation } from "./routes.ts";
import { refuseOnHierarchical, refuseUnsupported } from "./unsupported.ts";

/** Makes the service. `operationOf` names a call from its head, as the call log does. */
export function createBlobService(services: Services): BlobService {
  const answer = async (call: Call, target: BlobTarget): Promise<Reply> => {
    const now = services.clock.now();
    const handled: Handled = { call, target, services, now, answer };
    const operation = tryFindOperation(call, target);
    const reply = await run(handled, operation);
    const named = operation === undefined ? {} : { [OPERATION_HEADER]: operation.name };
    const cors = corsHeaders(services.world.accounts.get(target.account), call);
    return { ...reply, headers: { ...standardHeaders(call, now), ...cors, ...reply.headers, ...named } };
  };
  return Object.assign(answer, {
    operationOf: (call: Call, target: BlobTarget) => tryFindOperation(call, target)?.name,
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
  } catch (fault) {
    if (fault instanceof BlobError) return errorReply(fault, handled.call, handled.now);
    throw fault;
  }
}

async function openRequest(
  { call, target, services, now, answer }: Handled,
  operation: Operation | undefined,
): Promise<BlobRequest & { readonly operation: Operation }> {
  const account = findAccount(services, target, now);
  const address = parseAddress(target.path, call.query);
  const version = parseVersion(versionOf(call, account));
  if (!METHODS.has(call.method)) throw new BlobError("UnsupportedHttpVerb");
  if (operation === undefined) throw unknownOperation(call, address.level);
  const head = { call, services, target, account, version, now };
  const blob = nameIn(account, address.blob);
  const request = { ...head, ...address, blob, answer, caller: await authenticate(head), operation };
  checkNetwork(account);
  authorize(request, operation.right);
  refuseOnHierarchical(request);
  return request;
}

/** The header, else the version of the SAS, else the account's DefaultServiceVersion. */
function versionOf(call: Call, account: StorageAccount): string | undefined {
  const sent = call.headers["x-ms-version"];
  const standard = account.blobService["defaultServiceVersion"];
  const fallback = typeof standard === "string" ? standard : undefined;
  return (Array.isArray(sent) ? sent[0] : sent) ?? call.query.get("sv") ?? fallback;
}

/**
 * In Azure the host name of an account that does not exist, is still being created, or is not yet in DNS does not
 * resolve. One listener for all names cannot be that, so the answer is 404 ResourceNotFound.
 */
function findAccount({ world, settings }: Services, target: BlobTarget, now: number): StorageAccount {
  const account = world.accounts.get(target.account);
  if (account === undefined || now < account.readyAt + settings.accountDnsMs) throw new BlobError("ResourceNotFound");
  return account;
}

/** 400 for the parameter that names nothing, also when a call for the service names none; else the method is wrong: 405. */
function unknownOperation(call: Call, level: Address["level"]): BlobError {
  const comp = call.query.get("comp");
  return comp !== null || level === "service" ? invalidQuery("comp", comp) : new BlobError("UnsupportedHttpVerb");
}

function tryFindOperation(call: Call, target: BlobTarget): Operation | undefined {
  try {
    return findOperation(call, parseAddress(target.path, call.query));
  } catch {
    return undefined; // the name is not valid; the call is refused for that
  }
}

/** What every answer has, refused or not ("Common response headers"). */
function standardHeaders(call: Call, now: number): Record<string, string> {
  const version = call.headers["x-ms-version"];
  const clientId = call.headers["x-ms-client-request-id"];
  return {
    server: "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
    "x-ms-request-id": call.id,
    date: new Date(now).toUTCString(),
    ...(typeof version === "string" ? { "x-ms-version": version } : {}),
    ...(typeof clientId === "string" && /^[\x20-\x7e]{1,1024}$/.test(clientId)
      ? { "x-ms-client-request-id": clientId }
      : {}),
  };
}
