/** The answer to a refused Blob call: Azure's XML error, with the code in a header as well. */
import type { Call, Reply } from "../http/call.ts";
import type { StorageError } from "../storage/errors.ts";
import { blobTime } from "../storage/times.ts";
import { element, xmlDocument } from "./http/xml.ts";

/**
 * The message ends with request id and time, as Azure's does. A HEAD and a 304 have no body: the code is in
 * `x-ms-error-code`.
 */
export function blobErrorReply(error: StorageError, call: Call, now: number): Reply {
  const headers = { ...error.headers, ...codeHeader(error, call) };
  if (call.method === "HEAD" || error.status === 304) return { status: error.status, headers };
  const message = `${error.message}\nRequestId:${call.id}\nTime:${blobTime(now)}`;
  const details = Object.entries(error.details).map(([name, value]) => element(name, value));
  const body = xmlDocument(
    `<Error>${element("Code", error.code)}${element("Message", message)}${details.join("")}</Error>`,
  );
  return { status: error.status, headers: { ...headers, "content-type": "application/xml" }, body };
}

/** `x-ms-error-code` came with version 2017-07-29; calls of older versions, or of none, get no such header. */
function codeHeader(error: StorageError, { headers, query }: Call): Record<string, string> {
  const version = headers["x-ms-version"] ?? query.get("sv") ?? "";
  return version < "2017-07-29" ? {} : { "x-ms-error-code": error.code };
}
