/**
 * One answer of the API server, gathered on undici's dispatcher. undici's own `request` makes a stream, a resource of
 * async_hooks and copies of its options for each, which is half of the processor time of a small object.
 */
import type { Dispatcher } from "undici";

/** The body of an answer. */
export interface Body {
  /** How many were read. */
  readonly bytes: number;
  /** Absent when there are more than were allowed. */
  readonly text?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Body;
}

export interface ExchangeOptions {
  /** From now on until the end of the answer; then `answer` rejects with a TimeoutError. */
  readonly timeoutMs: number;
  /** Of the answer: with more it ends there, and the connection is closed. */
  readonly mostBytes: number;
}

/** A class, since closures for each request cost more. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #settle = Promise.withResolvers<Answer>();
  readonly #mostBytes: number;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;

  constructor({ timeoutMs, mostBytes }: ExchangeOptions) {
    this.answer = this.#settle.promise;
    this.#mostBytes = mostBytes;
    this.#timer = setTimeout(expire, timeoutMs, this);
  }

  /** Whether there is nothing to send any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Also before it was sent. */
  fail(error: unknown): void {
    if (!this.#end()) return;
    this.#settle.reject(error);
    this.#controller?.abort(asError(error));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(timeoutError());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the answer is still to come.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers as Record<string, string>;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#mostBytes) {
      this.#chunks.push(chunk);
      return;
    }
    this.#succeed({ bytes: this.#bytes });
    controller.abort(new Error("the rest is not read"));
  }

  onResponseEnd(): void {
    this.#succeed({ bytes: this.#bytes, text: Buffer.concat(this.#chunks).toString("utf8") });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(error);
  }

  #succeed(body: Body): void {
    if (this.#end()) this.#settle.resolve({ status: this.#status, headers: this.#headers, body });
  }

  /** Whether it was not over yet. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    return true;
  }
}

function expire(exchange: Exchange): void {
  exchange.fail(timeoutError());
}

function timeoutError(): Error {
  return Object.assign(new Error("no answer in time"), { name: "TimeoutError" });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
