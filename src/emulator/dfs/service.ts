/**
 * The Data Lake service (`<account>.dfs.core.windows.net`): the same accounts, containers and blobs as Blob's, seen as
 * filesystems, directories and files. Callers are found and authorised as there.
 */
import { authenticate } from "../blob/auth/authenticate.ts";
import { authorize } from "../blob/auth/authorize.ts";
import { checkNetwork } from "../blob/auth/firewall.ts";
import { findAccount, versionOf } from "../blob/http/account.ts";
import { standardHeaders } from "../blob/http/headers.ts";
import type { Address } from "../blob/http/request.ts";
import { refuseUnsupported } from "../blob/http/selectors.ts";
import { type Call, OPERATION_HEADER, type Reply } from "../http/call.ts";
import type { BlobService, BlobTarget, Services } from "../services.ts";
import { isHierarchical } from "../storage/accounts.ts";
import { invalidQuery, StorageError } from "../storage/errors.ts";
import { DfsError, dfsErrorReply } from "./errors.ts";
import { parseDfsAddress } from "./request.ts";
import { type DfsOperation, findDfsOperation, isKnownMethod, OPERATION_NAMES } from "./routes.ts";

const SERVER = "Windows-Azure-HDFS/1.0 Microsoft-HTTPAPI/2.0";

/** Creates the service. `operationOf` names a call from its head, as the call log does. */
export function createDfsService(services: Services): BlobService {
  const operationOf = (call: Call, target: BlobTarget) => tryFindOperation(services, call, target)?.name;
  const answer = async (call: Call, target: BlobTarget): Promise<Reply> => {
    const now = services.clock.now();
    const name = operationOf(call, target);
    const reply = await run(services, { call, target, now });
    const named = name === undefined ? {} : { [OPERATION_HEADER]: name };
    return { ...reply, headers: { ...standardHeaders(call, now, SERVER), ...reply.headers, ...named } };
  };
  return Object.assign(answer, { operationOf, operations: OPERATION_NAMES });
}

interface Handled {
  readonly call: Call;
  readonly target: BlobTarget;
  readonly now: number;
}

async function run(services: Services, handled: Handled): Promise<Reply> {
  try {
    return await open(services, handled);
  } catch (error) {
    if (error instanceof StorageError || error instanceof DfsError)
      return dfsErrorReply(error, handled.call, handled.now);
    throw error;
  }
}

async function open(services: Services, { call, target, now }: Handled): Promise<Reply> {
  refuseUnsupported({ call });
  const account = findAccount(services, target, now);
  const address = parseDfsAddress(account, target.path);
  const version = versionOf(call, account);
  if (!isKnownMethod(call.method)) throw new StorageError("UnsupportedHttpVerb");
  const operation = findDfsOperation(call, address);
  if (operation === undefined) throw unknownOperation(call, address);
  const head = { call, services, target, account, version, now, address };
  const caller = await authenticate(head);
  const request = { ...head, ...address, caller, answer: () => Promise.reject(new Error("no batches here")) };
  checkNetwork(account);
  authorize(request, operation.right);
  requireNamespace(operation, isHierarchical(account));
  return operation.run(request);
}

/** Azure serves some calls about paths on flat accounts too, in ways that the reference does not describe. */
function requireNamespace({ isOnPaths }: DfsOperation, hasNamespace: boolean): void {
  if (!isOnPaths || hasNamespace) return;
  const message = "Paths are emulated only in accounts that have a hierarchical namespace.";
  throw new StorageError("NotImplemented", { message });
}

function unknownOperation(call: Call, { level }: Address): StorageError {
  const name = level === "blob" ? "action" : "resource";
  return call.query.has(name) ? invalidQuery(name, call.query.get(name)) : new StorageError("UnsupportedHttpVerb");
}

function tryFindOperation(services: Services, call: Call, target: BlobTarget): DfsOperation | undefined {
  const account = services.world.accounts.get(target.account);
  try {
    return account === undefined ? undefined : findDfsOperation(call, parseDfsAddress(account, target.path));
  } catch {
    return undefined; // the name is not valid; the call will be refused for that
  }
}
