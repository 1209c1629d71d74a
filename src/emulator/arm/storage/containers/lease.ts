/** Blob Containers - Lease: the data plane's lease rules behind ARM's JSON body. */

import type { Call, Reply } from "../../../http/call.ts";
import type { JsonObject } from "../../../json.ts";
import { StorageError } from "../../../storage/errors.ts";
import { changeLease } from "../../../storage/lease.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { requireParentAccount } from "../accounts/find.ts";
import { CONTAINERS, containerFailure, requireContainer } from "./find.ts";

const TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers";

/** Members of the body, and the headers of the data plane that correspond to them. */
const HEADERS: Readonly<Record<string, string>> = {
  action: "x-ms-lease-action",
  leaseId: "x-ms-lease-id",
  proposedLeaseId: "x-ms-proposed-lease-id",
  leaseDuration: "x-ms-lease-duration",
  breakPeriod: "x-ms-lease-break-period",
};

/** REST: Blob Containers - Lease. */
export const containerLeaseRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["POST", `${CONTAINERS}/{container}/lease`, "lease/action", "containers/lease", leaseContainer, "containerLease"],
]);

function leaseContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const container = requireContainer(request, account);
  const call: Call = { ...request.call, headers: leaseHeaders(request.body) };
  try {
    const { lease, headers } = changeLease({ call, now: request.services.clock.now() }, container.lease);
    container.lease = lease;
    return { status: 200, body: answer(headers) };
  } catch (error) {
    if (error instanceof StorageError) throw containerFailure(error.status, error.message);
    throw error;
  }
}

function leaseHeaders(body: JsonObject): Record<string, string> {
  const sent = Object.entries(body).filter(([name, value]) => name in HEADERS && value !== null && value !== undefined);
  return Object.fromEntries(sent.map(([name, value]) => [HEADERS[name] ?? name, String(value)]));
}

function answer(headers: Readonly<Record<string, string>>): object {
  const { "x-ms-lease-id": leaseId, "x-ms-lease-time": leaseTimeSeconds } = headers;
  return {
    ...(leaseId === undefined ? {} : { leaseId }),
    ...(leaseTimeSeconds === undefined ? {} : { leaseTimeSeconds }),
  };
}
