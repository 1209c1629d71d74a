/** Storage accounts: read, update, delete, list. Creation is in `account-create.ts`. */
import type { Reply } from "../../../http/call.ts";
import type { AsyncOperations } from "../../front-door/async-operations.ts";
import { ArmError } from "../../front-door/errors.ts";
import { type ArmRequest, type Route, routesOf } from "../../front-door/route-table.ts";
import { listTracked } from "../../front-door/tracked.ts";
import { dropAccountContainers, requireAccountDeletable } from "../containers/routes.ts";
import { changeAccount } from "./change.ts";
import { createOrUpdateAccount, retryAfterSeconds } from "./create.ts";
import { ACCOUNT, ACCOUNTS, findAccount, operationInProgress, requireAccount, requireProvisioned } from "./find.ts";
import { accountView } from "./view.ts";

const TYPE = "Microsoft.Storage/storageAccounts";
const SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers/Microsoft.Storage";
const OPERATION = `${SUBSCRIPTION}/locations/{location}/asyncoperations/{id}`;

/** The routes of storage accounts, with the operations that a 202 leads to. */
export function storageAccountRoutes(operations: AsyncOperations): Route[] {
  return [
    ...routesOf(TYPE, [
      ["GET", ACCOUNT, "read", "storageAccounts/get", getAccount],
      ["PUT", ACCOUNT, "write", "storageAccounts/create", (request) => createOrUpdateAccount(request, operations)],
      ["PATCH", ACCOUNT, "write", "storageAccounts/update", updateAccount],
      ["DELETE", ACCOUNT, "delete", "storageAccounts/delete", deleteAccount],
      ["GET", ACCOUNTS, "read", "storageAccounts/listByGroup", listAccounts],
      ["GET", `${SUBSCRIPTION}/storageAccounts`, "read", "storageAccounts/list", listAccounts],
    ]),
    {
      // No action: whoever may create in one resource group alone can poll, though the URL is the subscription's.
      method: "GET",
      path: OPERATION,
      type: "Microsoft.Storage/locations/asyncoperations",
      operation: "storageAccounts/poll",
      run: (request) => pollOperation(request, operations),
    },
  ];
}

function getAccount(request: ArmRequest): Reply {
  return { status: 200, body: accountView(request, requireAccount(request)) };
}

function updateAccount(request: ArmRequest): Reply {
  const account = requireAccount(request);
  requireProvisioned(request, account);
  changeAccount(account, request.body);
  return { status: 200, body: accountView(request, account) };
}

/** 204 when there is none. Role assignments at its scope stay: a re-created account has them again, as in Azure. */
function deleteAccount(request: ArmRequest): Reply {
  const account = findAccount(request);
  if (account === undefined) return { status: 204 };
  if (request.services.clock.now() < account.readyAt) throw operationInProgress();
  requireAccountDeletable(request.services, account);
  dropAccountContainers(request.services, account);
  request.services.world.accounts.delete(account.name);
  return { status: 200 };
}

function listAccounts(request: ArmRequest): Reply {
  return listTracked(request, request.services.world.accounts.values(), (account) => accountView(request, account));
}

/** 202 while the account is being made, then 200 with it; 404 for an operation that nobody began. */
function pollOperation(request: ArmRequest, operations: AsyncOperations): Reply {
  const operation = operations.find(request.params["id"] ?? "");
  const account = operation === undefined ? undefined : request.services.world.accounts.get(operation.account);
  if (operation === undefined || account === undefined) {
    throw new ArmError(404, "ResourceNotFound", "The specified asynchronous operation does not exist.");
  }
  const wait = operation.doneAt - request.services.clock.now();
  if (wait <= 0) return { status: 200, body: accountView(request, account) };
  const url = new URL(request.call.path, request.call.origin);
  url.search = request.call.query.toString();
  return { status: 202, headers: { Location: url.toString(), "Retry-After": retryAfterSeconds(request, wait) } };
}
