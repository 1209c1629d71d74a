/** What a request to ARM is about, read from its method and address in one pass: of each request this is needed once. */

/** Kinds of operations as Azure's limits distinguish them. */
export type Operation = "read" | "list" | "write" | "delete";

export interface Target {
  /** Lower case; `""` outside of any subscription. */
  readonly subscriptionId: string;
  /** The path's last provider in lower case, such as `microsoft.storage`; `""` where there is none. */
  readonly provider: string;
  /** The first type behind it, in lower case; `""` where the path ends with the provider. */
  readonly type: string;
  readonly operation: Operation;
  /** Name of the storage account that the request is about, in the path of Microsoft.Storage; `""` where there is none. */
  readonly account: string;
  /** Whether it is about the account itself, and not about something in it. */
  readonly isAccount: boolean;
  /** Region in the path, of what is asked by region; `""` where there is none. */
  readonly location: string;
}

const PROVIDERS = "/providers/";
const SUBSCRIPTIONS = "/subscriptions/";

/** `url` is absolute. */
export function targetOf(method: string, url: string): Target {
  const query = url.indexOf("?");
  const path = (query < 0 ? url : url.slice(0, query)).toLowerCase();
  const subscriptionId = segmentAfter(path, SUBSCRIPTIONS, path.indexOf(SUBSCRIPTIONS));
  const at = path.lastIndexOf(PROVIDERS);
  const provider = segmentAfter(path, PROVIDERS, at);
  const types = at < 0 ? "" : path.slice(at + PROVIDERS.length + provider.length);
  const isStorage = provider === "microsoft.storage";
  const account = isStorage ? segmentAfter(types, "/storageaccounts/", 0) : "";
  return {
    subscriptionId,
    provider,
    type: segmentAfter(types, "/", 0),
    operation: operationOf(method, types),
    account,
    isAccount: account !== "" && types.length === "/storageaccounts/".length + account.length,
    location: isStorage ? segmentAfter(types, "/locations/", 0) : "",
  };
}

function segmentAfter(path: string, prefix: string, at: number): string {
  if (at < 0 || !path.startsWith(prefix, at)) return "";
  const begin = at + prefix.length;
  const end = path.indexOf("/", begin);
  return end < 0 ? path.slice(begin) : path.slice(begin, end);
}

/** After the namespace types and names alternate: the path of a collection has an odd number of segments. */
function operationOf(method: string, types: string): Operation {
  if (method === "DELETE") return "delete";
  if (method !== "GET" && method !== "HEAD") return "write";
  let isList = false;
  for (let at = 0; at < types.length; at += 1) {
    // 47 is a slash; two in a row, or one at the end, begin no segment.
    if (types.charCodeAt(at) === 47 && at + 1 < types.length && types.charCodeAt(at + 1) !== 47) isList = !isList;
  }
  return isList ? "list" : "read";
}
