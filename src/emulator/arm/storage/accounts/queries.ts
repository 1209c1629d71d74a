/** Queries about storage accounts: name availability, usages, keys. */

import type { Reply } from "../../../http/call.ts";
import { accountKey } from "../../../storage/accounts.ts";
import { badRequest } from "../../front-door/errors.ts";
import { stringAt } from "../../front-door/json.ts";
import { requireLocation } from "../../front-door/locations.ts";
import type { ArmRequest, Route } from "../../provider.ts";
import { accountNameInvalidText, isAccountName } from "./create.ts";
import { ACCOUNT, requireAccount, requireProvisioned } from "./find.ts";

const PROVIDER = "/subscriptions/{subscriptionId}/providers/Microsoft.Storage";
const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const NAME_CHECK = "Microsoft.Storage/checkNameAvailability";
const USAGES = "Microsoft.Storage/locations/usages";

/** REST: Storage Accounts - Check Name Availability, List Keys, Regenerate Key; Usages - List By Location. */
export const accountQueryRoutes: readonly Route<typeof NAME_CHECK | typeof USAGES | typeof ACCOUNTS>[] = [
  {
    method: "POST",
    path: `${PROVIDER}/checkNameAvailability`,
    type: NAME_CHECK,
    action: "Microsoft.Storage/checknameavailability/read",
    body: "nameCheck",
    operation: "storageAccounts/checkName",
    run: checkName,
  },
  {
    method: "GET",
    path: `${PROVIDER}/locations/{location}/usages`,
    type: USAGES,
    action: "Microsoft.Storage/locations/usages/read",
    operation: "usages/list",
    run: listUsages,
  },
  {
    method: "POST",
    path: `${ACCOUNT}/listKeys`,
    type: ACCOUNTS,
    action: `${ACCOUNTS}/listKeys/action`,
    operation: "storageAccounts/listKeys",
    run: listKeys,
  },
  {
    method: "POST",
    path: `${ACCOUNT}/regenerateKey`,
    type: ACCOUNTS,
    action: `${ACCOUNTS}/regenerateKey/action`,
    operation: "storageAccounts/regenerateKey",
    run: regenerateKey,
  },
];

function checkName(request: ArmRequest): Reply {
  const name = stringAt(request.body, "name") ?? "";
  if (stringAt(request.body, "type") !== ACCOUNTS) {
    throw badRequest("InvalidRequestContent", `The request content was invalid: type must be '${ACCOUNTS}'.`);
  }
  if (!isAccountName(name)) {
    const message = accountNameInvalidText(name);
    return { status: 200, body: { nameAvailable: false, reason: "AccountNameInvalid", message } };
  }
  if (request.services.world.accounts.has(name)) {
    const message = `The storage account named ${name} is already taken.`;
    return { status: 200, body: { nameAvailable: false, reason: "AlreadyExists", message } };
  }
  return { status: 200, body: { nameAvailable: true } };
}

function listUsages(request: ArmRequest): Reply {
  const location = requireLocation(request.params["location"]);
  const subscriptionId = request.params["subscriptionId"]?.toLowerCase();
  const accounts = [...request.services.world.accounts.values()].filter(
    (account) => account.location === location && account.subscriptionId.toLowerCase() === subscriptionId,
  );
  const usage = {
    unit: "Count",
    currentValue: accounts.length,
    limit: request.services.settings.accountsPerRegion,
    name: { value: "StorageAccounts", localizedValue: "Storage Accounts" },
  };
  return { status: 200, body: { value: [usage] } };
}

/** The key is another one from now on; what the old one has signed is refused. Answers as `listKeys` does. */
function regenerateKey(request: ArmRequest): Reply {
  const account = requireAccount(request);
  requireProvisioned(request, account);
  const name = stringAt(request.body, "keyName");
  if (name !== "key1" && name !== "key2") {
    throw badRequest("InvalidKeyName", `The key name '${name}' is not valid; it must be 'key1' or 'key2'.`, "keyName");
  }
  account.keyGenerations = { ...account.keyGenerations, [name]: (account.keyGenerations?.[name] ?? 0) + 1 };
  return listKeys(request);
}

/** Answers as Azure does, and records an alarm: the product must never ask for a key. */
function listKeys(request: ArmRequest): Reply {
  const account = requireAccount(request);
  requireProvisioned(request, account);
  request.services.alarm(`listKeys on ${account.id} by ${request.caller.clientId}`);
  const creationTime = new Date(account.createdAt).toISOString();
  const keys = (["key1", "key2"] as const).map((keyName) => ({
    creationTime,
    keyName,
    value: accountKey(account, keyName),
    permissions: "FULL",
  }));
  return { status: 200, body: { keys } };
}
