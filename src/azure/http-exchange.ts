/** One answer of Azure, decoded, with failures worded as the SDKs word them. */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { type PipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { AnswerGatherer, type RawHeaders, textOf } from "../http/answer-gatherer.ts";
import { type BoundedOptions, readError, tooLong } from "./bounded-http-client.ts";
import { LeanHeaders } from "./lean-headers.ts";

export interface ExchangeOptions extends Required<Pick<BoundedOptions, "mostBytes">> {
  readonly request: PipelineRequest;
  readonly onHead: BoundedOptions["onHead"];
}

/** Its clock begins now. `answer` rejects with an AbortError or a RestError without a status. */
export class Exchange extends AnswerGatherer<PipelineResponse> {
  readonly #options: ExchangeOptions;
  readonly #onAbort: (() => void) | undefined;
  #response: PipelineResponse | undefined;

  constructor(options: ExchangeOptions) {
    const { request, mostBytes } = options;
    super({ timeoutMs: request.timeout, mostBytes });
    this.#options = options;
    if (request.abortSignal === undefined) return;
    this.#onAbort = () => this.expire();
    request.abortSignal.addEventListener("abort", this.#onAbort);
  }

  /** Late, or aborted: the SDKs do not tell these apart. */
  expire(): void {
    this.fail(abortError());
  }

  protected begun(status: number, headers: RawHeaders): void {
    const { request, onHead } = this.#options;
    this.#response = { request, status, headers: new LeanHeaders(headers) };
    onHead?.(this.#response);
  }

  protected ended(chunks: readonly Buffer[], bytes: number): void {
    const response = this.#response;
    if (response === undefined) return;
    const encoding = response.headers.get("content-encoding")?.toLowerCase();
    const decode = encoding === undefined || bytes === 0 ? undefined : DECODERS[encoding];
    // An answer to HEAD has no body, and the headers of the answer to GET.
    if (response.request.method === "HEAD") this.succeed(response);
    else if (decode === undefined) this.#succeedWith(bytes === 0 ? "" : textOf(chunks), response);
    else this.#decode(decode, chunks, response);
  }

  #decode(decode: Decoder, chunks: readonly Buffer[], response: PipelineResponse): void {
    const { mostBytes, request } = this.#options;
    decode(Buffer.concat(chunks), { maxOutputLength: mostBytes }).then(
      (decoded) => this.#succeedWith(decoded.toString("utf8"), response),
      (error: NodeJS.ErrnoException) =>
        this.fail(error.code === "ERR_BUFFER_TOO_LARGE" ? tooLong(mostBytes, request) : readError(error, request)),
    );
  }

  #succeedWith(text: string, response: PipelineResponse): void {
    response.bodyAsText = text;
    this.succeed(response);
  }

  protected tooLong(): void {
    const { mostBytes, request } = this.#options;
    this.fail(tooLong(mostBytes, request));
  }

  protected broken(error: Error): void {
    const { request } = this.#options;
    this.fail(this.#response === undefined ? sendError(error, request) : readError(error, request));
  }

  protected override release(): void {
    if (this.#onAbort !== undefined) this.#options.request.abortSignal?.removeEventListener("abort", this.#onAbort);
  }
}

type Decoder = (data: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, Decoder | undefined>> = {
  gzip: promisify<Buffer, object, Buffer>(gunzip),
  "x-gzip": promisify<Buffer, object, Buffer>(gunzip),
  deflate: promisify<Buffer, object, Buffer>(inflate),
  br: promisify<Buffer, object, Buffer>(brotliDecompress),
};

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
