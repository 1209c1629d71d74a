/** Finds the storage account that a path names. */
import { coversScope } from "../../../authorization/scopes.ts";
import type { StorageAccount } from "../../../world.ts";
import { type ArmError, conflict, parentNotFound, resourceNotFound } from "../../front-door/errors.ts";
import { resourceGroupId } from "../../front-door/resource-ids.ts";
import type { ArmRequest } from "../../provider.ts";

/** Path of the accounts of a resource group. */
export const ACCOUNTS =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.Storage/storageAccounts";
/** Path of one account. */
export const ACCOUNT = `${ACCOUNTS}/{account}`;

/** The account of a request's path; undefined when the resource group has none of that name. */
export function findAccount(request: ArmRequest): StorageAccount | undefined {
  const { subscriptionId = "", resourceGroup = "", account = "" } = request.params;
  const found = request.services.world.accounts.get(account.toLowerCase());
  if (found === undefined) return undefined;
  return coversScope(resourceGroupId(subscriptionId, resourceGroup), found.id) ? found : undefined;
}

/** The account of a request on the account itself, or 404 ResourceNotFound. */
export function requireAccount(request: ArmRequest): StorageAccount {
  const account = findAccount(request);
  if (account !== undefined) return account;
  const { account: name = "", resourceGroup = "" } = request.params;
  throw resourceNotFound("Microsoft.Storage/storageAccounts", name, resourceGroup);
}

/**
 * The account of a request on one of its children: 404 ResourceNotFound for a GET, ParentResourceNotFound for a write.
 */
export function requireParentAccount(request: ArmRequest): StorageAccount {
  const account = findAccount(request);
  if (account !== undefined) {
    requireProvisioned(request, account);
    return account;
  }
  if (request.call.method === "PUT" || request.call.method === "PATCH")
    throw parentNotFound(request.params["account"] ?? "");
  return requireAccount(request);
}

/** Throws 409 unless the account is Succeeded: while it is being created, and when that has failed. */
export function requireProvisioned(request: ArmRequest, account: StorageAccount): void {
  if (request.services.clock.now() >= account.readyAt && account.stuckIn === undefined) return;
  throw conflict(
    "StorageAccountIsNotProvisioned",
    "The storage account provisioning state must be 'Succeeded' before executing the operation.",
  );
}

/** 409 for a write while another one is in progress (srp_error_codes_common). */
export function operationInProgress(): ArmError {
  return conflict(
    "StorageAccountOperationInProgress",
    "An operation is currently performing on this storage account that requires exclusive access.",
  );
}
