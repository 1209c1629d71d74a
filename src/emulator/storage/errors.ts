/** How a call about stored data is refused. Blob answers it as XML, Data Lake as JSON, ARM as an error of its own. */

import { ERRORS, type StorageErrorCode } from "./error-catalogue.ts";

/** A refusal with a code of the catalogue. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  readonly status: number;
  /** Further elements of the error body, such as `HeaderName` and `HeaderValue`. */
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: StorageErrorCode, extra: StorageErrorExtra = {}) {
    const [status, message] = ERRORS[code];
    super(extra.message ?? message);
    this.code = code;
    this.status = extra.status ?? status;
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}

/** What overrides the catalogue or adds to it. */
export interface StorageErrorExtra {
  readonly message?: string;
  readonly status?: number;
  readonly details?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** 400 InvalidHeaderValue that names the header, as Azure does. */
export function invalidHeader(name: string, value: string | undefined): StorageError {
  return new StorageError("InvalidHeaderValue", { details: { HeaderName: name, HeaderValue: value ?? "" } });
}

/** 400 MissingRequiredHeader that names the header. */
export function missingHeader(name: string): StorageError {
  return new StorageError("MissingRequiredHeader", { details: { HeaderName: name } });
}

/** 400 InvalidQueryParameterValue that names the parameter. */
export function invalidQuery(name: string, value: string | null, reason = ""): StorageError {
  const details = { QueryParameterName: name, QueryParameterValue: value ?? "", Reason: reason };
  return new StorageError("InvalidQueryParameterValue", { details });
}
