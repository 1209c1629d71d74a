/** How a Blob call is refused: thrown anywhere below the service, answered there as Azure's XML error. */

import { element, xmlDocument } from "../blob/http/xml.ts";
import type { Call, Reply } from "../http/call.ts";
import { type BlobErrorCode, ERRORS } from "./error-catalogue.ts";
import { blobTime } from "./times.ts";

/** A refusal with a code of the catalogue. */
export class BlobError extends Error {
  readonly code: BlobErrorCode;
  readonly status: number;
  /** Further elements of the error body, such as `HeaderName` and `HeaderValue`. */
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: BlobErrorCode, extra: BlobErrorExtra = {}) {
    const [status, message] = ERRORS[code];
    super(extra.message ?? message);
    this.code = code;
    this.status = extra.status ?? status;
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}

/** What departs from the catalogue or adds to it. */
export interface BlobErrorExtra {
  readonly message?: string;
  readonly status?: number;
  readonly details?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 400 InvalidHeaderValue that names the header, as Azure does. */
export function invalidHeader(name: string, value: string | undefined): BlobError {
  return new BlobError("InvalidHeaderValue", { details: { HeaderName: name, HeaderValue: value ?? "" } });
}

/** 400 MissingRequiredHeader that names the header. */
export function missingHeader(name: string): BlobError {
  return new BlobError("MissingRequiredHeader", { details: { HeaderName: name } });
}

/** 400 InvalidQueryParameterValue that names the parameter. */
export function invalidQuery(name: string, value: string | null, reason = ""): BlobError {
  const details = { QueryParameterName: name, QueryParameterValue: value ?? "", Reason: reason };
  return new BlobError("InvalidQueryParameterValue", { details });
}

/**
 * The answer to a refused call. The message ends with request id and time, as Azure's does. A HEAD and a 304 have no
 * body: the code is in `x-ms-error-code`.
 */
export function errorReply(error: BlobError, call: Call, now: number): Reply {
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
function codeHeader(error: BlobError, { headers, query }: Call): Record<string, string> {
  const version = headers["x-ms-version"] ?? query.get("sv") ?? "";
  return version < "2017-07-29" ? {} : { "x-ms-error-code": error.code };
}
