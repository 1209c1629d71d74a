/**
 * Request limits of the storage resource provider (scalability-targets-resource-provider), per subscription and region.
 */
import type { Reply } from "../../http/call.ts";
import type { CallWindow, RequestLimits } from "../../settings.ts";
import type { World } from "../../world.ts";
import { tooManyRequests } from "../front-door/errors.ts";
import type { CountedCall, Throttling } from "../provider.ts";

/** 429 when a window of the call is used up. */
export function throttleStorage(call: CountedCall, { limits, counters, world }: Throttling): Reply | undefined {
  const [name, windows] = windowsOf(call, limits);
  const key = `${call.namespace} ${call.subscription ?? ""} ${regionOf(call, world)} ${name}`;
  const waitSeconds = counters.takeFromWindows(key, windows);
  if (waitSeconds === 0) return undefined;
  return tooManyRequests(
    "TooManyRequests",
    `The request is being throttled as the limit has been reached for operation type - ${name}. For more information, ` +
      "see - https://aka.ms/srpthrottlinglimits",
    waitSeconds,
  );
}

function windowsOf(call: CountedCall, limits: RequestLimits): ["Read" | "Write" | "List", readonly CallWindow[]] {
  if (call.isList) return ["List", limits.storageLists];
  return call.kind === "read" ? ["Read", limits.storageReads] : ["Write", limits.storageWrites];
}

/** The region in the path, or that of the account there; of its resource group while the account does not exist. */
function regionOf({ path }: CountedCall, world: World): string {
  const location = /\/locations\/([^/]+)/.exec(path)?.[1];
  if (location !== undefined) return location;
  const account = /\/storageaccounts\/([^/]+)/.exec(path)?.[1] ?? "";
  const group = /^\/+(subscriptions\/[^/]+\/resourcegroups\/[^/]+)/.exec(path)?.[1] ?? "";
  return world.accounts.get(account)?.location ?? world.resourceGroups.get(`/${group}`)?.location ?? "";
}
