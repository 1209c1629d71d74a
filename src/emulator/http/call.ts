/**
 * The types of one HTTP exchange inside the emulator. The server turns a request into a `Call`, the router hands it to
 * a service (ARM, Entra, Blob, admin), and the service returns a `Reply`. No service sees a socket.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** One request, as a service sees it. */
export interface Call {
  /** Unique id of this exchange, answered as `x-ms-request-id`. */
  readonly id: string;
  /** Upper case. */
  readonly method: string;
  /** Host header without port, lower case: the router selects the service by it. */
  readonly host: string;
  /** `https://` and the Host header, without the port 443: the base of every absolute URL in an answer. */
  readonly origin: string;
  /** The path as it came, percent-encoded, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Names and values alternately, as received: for where the case of a name matters (blob metadata). */
  readonly rawHeaders?: readonly string[];
  /** Not read yet. The service reads it if it needs it; the server drains the rest. */
  readonly body: Readable;
}

/** One answer. A plain object as body is sent as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer | Readable | object;
}

/**
 * The reply header in which a service names the operation, such as `storageAccounts/create`, for the call log. The
 * dispatcher removes it from the reply.
 */
export const OPERATION_HEADER = "x-emulator-operation";

/** A service answers every call; a throw is a bug in the emulator and becomes a 500. */
export interface Service {
  (call: Call): Promise<Reply>;
  /** Names a call before it is handled, so that a scripted fault can be matched by operation. From the head alone. */
  readonly operationOf?: (call: Call) => string | undefined;
  /** Every name that `operationOf` can give. */
  readonly operations: readonly string[];
}
