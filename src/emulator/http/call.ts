/**
 * The shape of one HTTP exchange inside the emulator. The server turns a socket into a `Call`, the router hands it to
 * a service (ARM, Entra, Blob, admin), and the service answers with a `Reply`. No service sees a socket.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** One request, as a service sees it. */
export interface Call {
  /** Unique id of this exchange, answered as `x-ms-request-id`. */
  readonly id: string;
  /** Upper case. */
  readonly method: string;
  /** Host header without port, lower case: by it the router finds the service. */
  readonly host: string;
  /** `https://` and the Host header, without the port 443: the base of every absolute URL in an answer. */
  readonly origin: string;
  /** The path as it came, percent-encoded, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn as they came, where the case of a name matters (blob metadata). */
  readonly rawHeaders?: readonly string[];
  /** Not read yet. Whoever needs it reads it; the server drains the rest. */
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
 * server takes it out before it sends the reply.
 */
export const OPERATION_HEADER = "x-emulator-operation";

/** A service answers every call; a throw is a fault of the emulator itself and becomes a 500. */
export interface Service {
  (call: Call): Promise<Reply>;
  /** Names a call before it is handled, so that a scripted fault can be matched by operation. From the head alone. */
  readonly operationOf?: (call: Call) => string | undefined;
}
