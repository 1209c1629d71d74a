/** Operations on the account: properties, delegation keys, batches. */
import { RIGHTS } from "../auth/rights.ts";
import { getUserDelegationKey } from "../auth/user-delegation-key.ts";
import { type Operations, operation } from "../http/operation.ts";
import { runBatch } from "./batch.ts";
import { getAccountInfo, getServiceProperties, setServiceProperties } from "./properties.ts";

const ACCOUNT_INFO = operation("service/getAccountInfo", RIGHTS.accountInfo, getAccountInfo);

export const accountOperations: Operations = {
  "service GET restype=service comp=properties": operation(
    "service/getProperties",
    RIGHTS.readService,
    getServiceProperties,
  ),
  "service PUT restype=service comp=properties": operation(
    "service/setProperties",
    RIGHTS.writeService,
    setServiceProperties,
  ),
  "service POST comp=batch": operation("service/batch", RIGHTS.batch, runBatch),
  // Clients take the account's name in the path of a loopback host for a container's.
  "service POST restype=container comp=batch": operation("service/batch", RIGHTS.batch, runBatch),
  "container POST comp=batch": operation("containers/batch", RIGHTS.batch, runBatch),
  "service GET restype=account comp=properties": ACCOUNT_INFO,
  "container GET restype=account comp=properties": ACCOUNT_INFO,
  "blob GET restype=account comp=properties": ACCOUNT_INFO,
  "service POST restype=service comp=userdelegationkey": operation(
    "service/getUserDelegationKey",
    RIGHTS.getDelegationKey,
    getUserDelegationKey,
  ),
};
