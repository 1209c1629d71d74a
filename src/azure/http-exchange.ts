/** One request and its answer on undici's dispatcher: gathers the answer, limits it, and words failures as the SDKs do. */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import {
  createHttpHeaders,
  type HttpHeaders,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";
import type { Dispatcher } from "undici";
import { type BoundedOptions, readError, tooLong } from "./bounded-http-client.ts";

export interface ExchangeOptions extends Required<Pick<BoundedOptions, "mostBytes">> {
  readonly request: PipelineRequest;
  readonly onHead: BoundedOptions["onHead"];
}

export interface Exchange {
  readonly answer: Promise<PipelineResponse>;
  readonly handler: Dispatcher.DispatchHandler;
}

/** Its clock begins now. `answer` rejects with an AbortError or a RestError without a status. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { promise: answer, resolve, reject } = Promise.withResolvers<PipelineResponse>();
  return { answer, handler: new AnswerGatherer(options, resolve, reject) };
}

/** A class, since five closures for each request cost more. */
class AnswerGatherer implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (response: PipelineResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #response: PipelineResponse | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;

  constructor(options: ExchangeOptions, resolve: (response: PipelineResponse) => void, reject: (error: Error) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { timeout, abortSignal } = options.request;
    if (timeout > 0) this.#timer = setTimeout(expire, timeout, this);
    if (abortSignal === undefined) return;
    this.#onAbort = () => this.abort();
    abortSignal.addEventListener("abort", this.#onAbort);
  }

  /** Also while the request waits for a connection: it is then never sent. */
  abort(): void {
    this.#fail(abortError());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(abortError());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the answer is still to come.
    if (status < 200) return;
    const { request, onHead } = this.#options;
    this.#response = { request, status, headers: toHttpHeaders(headers) };
    onHead?.(this.#response);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { mostBytes, request } = this.#options;
    this.#bytes += chunk.length;
    if (this.#bytes > mostBytes) this.#fail(tooLong(mostBytes, request));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const response = this.#response;
    if (response === undefined) return;
    const encoding = response.headers.get("content-encoding")?.toLowerCase();
    const decode = encoding === undefined || this.#bytes === 0 ? undefined : DECODERS[encoding];
    // An answer to HEAD has no body, and the headers of the answer to GET.
    if (response.request.method === "HEAD") this.#succeed(response);
    else if (decode === undefined) this.#succeed({ ...response, bodyAsText: textOf(this.#chunks) });
    else this.#decode(decode, response);
  }

  #decode(decode: Decoder, response: PipelineResponse): void {
    const { mostBytes, request } = this.#options;
    decode(Buffer.concat(this.#chunks), { maxOutputLength: mostBytes }).then(
      (decoded) => this.#succeed({ ...response, bodyAsText: decoded.toString("utf8") }),
      (error: NodeJS.ErrnoException) =>
        this.#fail(error.code === "ERR_BUFFER_TOO_LARGE" ? tooLong(mostBytes, request) : readError(error, request)),
    );
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const { request } = this.#options;
    this.#fail(this.#response === undefined ? sendError(error, request) : readError(error, request));
  }

  #succeed(response: PipelineResponse): void {
    if (this.#end()) this.#resolve(response);
  }

  #fail(error: Error): void {
    if (!this.#end()) return;
    this.#reject(error);
    this.#controller?.abort(error);
  }

  /** Whether it was not over yet. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#options.request.abortSignal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}

function expire(exchange: AnswerGatherer): void {
  exchange.abort();
}

type Decoder = (data: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, Decoder | undefined>> = {
  gzip: promisify<Buffer, object, Buffer>(gunzip),
  "x-gzip": promisify<Buffer, object, Buffer>(gunzip),
  deflate: promisify<Buffer, object, Buffer>(inflate),
  br: promisify<Buffer, object, Buffer>(brotliDecompress),
};

function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only.toString("utf8") : Buffer.concat(chunks).toString("utf8");
}

/** Of a header that came more than once Node keeps the first of these (http.IncomingMessage, `headers`), and joins the others. */
const KEPT_ONCE = [
  "age",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "location",
  "retry-after",
  "server",
  "set-cookie",
];

function toHttpHeaders(headers: Record<string, string | string[] | undefined>): HttpHeaders {
  const result = createHttpHeaders();
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string") result.set(name, value);
    else if (value !== undefined) result.set(name, KEPT_ONCE.includes(name) ? (value[0] ?? "") : value.join(", "));
  }
  return result;
}

/** What the SDKs throw for a request that was aborted or took too long; they know it by its name. */
export function abortError(): Error {
  return Object.assign(new Error("The operation was aborted."), { name: "AbortError" });
}

/** undici's codes that stand for one of the system's. The SDKs repeat a request by these (ts-http-runtime, exponentialRetryStrategy). */
const SYSTEM_FAULTS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  UND_ERR_CONNECT_TIMEOUT: ["ETIMEDOUT", "connect ETIMEDOUT"],
  // The other side has closed a connection before it answered.
  UND_ERR_SOCKET: ["ECONNRESET", "socket hang up"],
};

/** For a request without an answer. The message holds no address: it becomes an event, which has to stay the same. */
export function sendError(error: NodeJS.ErrnoException, request: PipelineRequest): RestError {
  const { code: ownCode = RestError.REQUEST_SEND_ERROR, message: ownMessage } = error;
  const [code, message] = SYSTEM_FAULTS[ownCode] ?? [ownCode, ownMessage];
  // Where a name has several addresses, the error that stands for all attempts has a code alone.
  return new RestError(message === "" ? code : message, { code, request });
}
