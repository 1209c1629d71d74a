/** Storage accounts: read, update, delete, list. Creation is in `create.ts`. */
import type { Reply } from "../../../http/call.ts";
import type { Services } from "../../../services.ts";
import { liveContainers } from "../../../storage/containers.ts";
import { discardContainersOf } from "../../../storage/discard-containers.ts";
import type { StorageAccount } from "../../../world.ts";
import { accepted } from "../../front-door/async-operations.ts";
import { ArmError, authorizationFailed, conflict } from "../../front-door/errors.ts";
import { resourceGroupId } from "../../front-door/resource-ids.ts";
import { listTracked } from "../../front-door/tracked.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { changeAccount } from "./change.ts";
import { createOrUpdateAccount } from "./create.ts";
import { ACCOUNT, ACCOUNTS, findAccount, operationInProgress, requireAccount, requireProvisioned } from "./find.ts";
import { accountView } from "./view.ts";

const TYPE = "Microsoft.Storage/storageAccounts";
const OPERATION_TYPE = "Microsoft.Storage/locations/asyncoperations";
/** "Polls the status of an asynchronous operation" (Microsoft.Storage permissions). */
const POLL_ACTION = "Microsoft.Storage/operations/read";
const SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers/Microsoft.Storage";
const OPERATION = `${SUBSCRIPTION}/locations/{location}/asyncoperations/{id}`;

/**
 * REST: Storage Accounts - Get Properties, Create, Update, Delete, List By Resource Group, List; and the poll of a
 * create.
 */
export const accountRoutes: readonly Route<typeof TYPE | typeof OPERATION_TYPE>[] = [
  ...routesOf(TYPE, [
    ["GET", ACCOUNT, "read", "storageAccounts/get", getAccount],
    ["PUT", ACCOUNT, "write", "storageAccounts/create", createOrUpdateAccount, "storageAccountCreate"],
    ["PATCH", ACCOUNT, "write", "storageAccounts/update", updateAccount, "storageAccountCreate"],
    ["DELETE", ACCOUNT, "delete", "storageAccounts/delete", deleteAccount],
    ["GET", ACCOUNTS, "read", "storageAccounts/listByGroup", listAccounts],
    ["GET", `${SUBSCRIPTION}/storageAccounts`, "read", "storageAccounts/list", listAccounts],
  ]),
  {
    // No action: the URL is the subscription's, and a caller with rights in one resource group only must be able to poll.
    method: "GET",
    path: OPERATION,
    type: OPERATION_TYPE,
    operation: "storageAccounts/poll",
    run: pollOperation,
  },
];

function getAccount(request: ArmRequest): Reply {
  return { status: 200, body: accountView(request, requireAccount(request)) };
}

function updateAccount(request: ArmRequest): Reply {
  const account = requireAccount(request);
  requireProvisioned(request, account);
  changeAccount(account, request.body);
  return { status: 200, body: accountView(request, account) };
}

/** 204 when it does not exist. Role assignments at its scope stay: a re-created account has them again, as in Azure. */
function deleteAccount(request: ArmRequest): Reply {
  const account = findAccount(request);
  if (account === undefined) return { status: 204 };
  if (request.services.clock.now() < account.readyAt) throw operationInProgress();
  requireAccountDeletable(request.services, account);
  dropAccount(request.services, account);
  return { status: 200 };
}

/** Removes an account with its containers and their blobs. */
export function dropAccount(services: Services, account: StorageAccount): void {
  discardContainersOf(services, account);
  services.world.accounts.delete(account.name);
}

function listAccounts(request: ArmRequest): Reply {
  return listTracked(request, request.services.world.accounts.values(), (account) => accountView(request, account));
}

/** 202 while the account is being created, then 200 with it; 404 for an operation that was never started. */
function pollOperation(request: ArmRequest): Reply {
  const operation = request.operations.find(request.params["id"] ?? "");
  const account = operation === undefined ? undefined : request.services.world.accounts.get(operation.resource);
  if (operation === undefined || account === undefined) {
    throw new ArmError(404, "ResourceNotFound", "The specified asynchronous operation does not exist.");
  }
  requirePollRight(request, account);
  if (request.services.clock.now() >= operation.doneAt) return { status: 200, body: accountView(request, account) };
  const url = new URL(request.call.path, request.call.origin);
  url.search = request.call.query.toString();
  return accepted(request, url, operation.doneAt);
}

/** Throws 403 where polling needs a right of its own, and the caller does not have it in the account's resource group. */
function requirePollRight({ services, caller, path }: ArmRequest, account: StorageAccount): void {
  if (!services.settings.pollNeedsRight) return;
  const group = resourceGroupId(account.subscriptionId, account.resourceGroup);
  if (services.authorization.allowsAction(caller.principalId, POLL_ACTION, group)) return;
  throw authorizationFailed(caller, POLL_ACTION, path);
}

/** Throws 409 while a container of the account has a legal hold, or a locked policy over blobs. */
function requireAccountDeletable(services: Services, account: StorageAccount): void {
  for (const container of liveContainers(services.world, account)) {
    const isLocked = container.immutabilityPolicy?.state === "Locked";
    const holdsBlobs = services.blobs.blobsOf(container.uid).names().length > 0;
    if (!holdsBlobs || !(container.hasLegalHold || isLocked)) continue;
    const cause = container.hasLegalHold ? "legal hold" : "locked immutability policy";
    throw conflict(
      "AccountProtectedFromDeletion",
      `The account ${account.name} container ${container.name} has ${cause}.`,
    );
  }
}
