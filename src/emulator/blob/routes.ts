/** Which operation a call is: its method, resource, `restype` and `comp` name one row of the groups' tables. */
import type { Call } from "../http/call.ts";
import { accountOperations } from "./account/routes.ts";
import { blobOperations } from "./blobs/routes.ts";
import { containerOperations } from "./containers/routes.ts";
import type { Operation, Operations } from "./http/operation.ts";
import type { Address } from "./http/request.ts";
import { tagOperations } from "./tags/routes.ts";

const OPERATIONS: Operations = { ...accountOperations, ...containerOperations, ...blobOperations, ...tagOperations };

/** All operations, as the call log names them. */
export const OPERATION_NAMES: readonly string[] = Object.values(OPERATIONS).map(({ name }) => name);

/** Methods that the service knows at all. */
export const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS"]);

/** What a DELETE of a blob is about. */
function deleted(query: URLSearchParams): string {
  if (query.has("deletetype")) return " for-good";
  return query.has("versionid") ? " version" : "";
}

/** The operation of a call, read from its head; undefined when there is none. */
export function findOperation(call: Call, { level }: Address): Operation | undefined {
  const restype = call.query.get("restype")?.toLowerCase();
  const comp = call.query.get("comp")?.toLowerCase();
  const isFromUrl = call.method === "PUT" && level === "blob" && call.headers["x-ms-copy-source"] !== undefined;
  const isTyped = isFromUrl && comp === undefined && call.headers["x-ms-blob-type"] !== undefined;
  const rest = [
    restype === undefined || (restype === "container" && level === "container") ? "" : ` restype=${restype}`,
    comp === undefined || comp === "" ? "" : ` comp=${comp}`,
    isFromUrl ? " from-url" : "",
    isTyped ? " typed" : "",
    level === "blob" && call.method === "DELETE" ? deleted(call.query) : "",
  ].join("");
  const found = OPERATIONS[`${level} ${call.method}${rest}`];
  return found === undefined && call.method === "HEAD" ? OPERATIONS[`${level} GET${rest}`] : found;
}
