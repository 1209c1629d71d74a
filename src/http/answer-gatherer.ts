/**
 * One answer, gathered on undici's dispatcher, with a limit on its time and one on its size. undici's own `request` makes a
 * stream, a resource of async_hooks and copies of its options for each, which is half of the processor time of a small answer.
 */
import type { Dispatcher } from "undici";

/** Of an answer, as undici reads them: a value that came more than once is a list. */
export type RawHeaders = Record<string, string | string[] | undefined>;

export interface GatheringLimits {
  /** From now on until the end of the answer; 0: none. */
  readonly timeoutMs: number;
  /** With more than these the answer is not whole, and nothing of the rest is kept. */
  readonly mostBytes: number;
}

/**
 * What undici is given for a request. Each kind of service says by its own class what an answer is, and what its failures are. A
 * class, since closures for each request cost more.
 */
export abstract class AnswerGatherer<Answer> implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #settle = Promise.withResolvers<Answer>();
  readonly #mostBytes: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;

  constructor({ timeoutMs, mostBytes }: GatheringLimits) {
    this.answer = this.#settle.promise;
    this.#mostBytes = mostBytes;
    if (timeoutMs > 0) this.#timer = setTimeout(expire, timeoutMs, this);
  }

  /** Whether there is nothing to send any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Also while the request waits for a connection: it is then never sent. Closes the connection of one that was. */
  fail(error: unknown): void {
    if (!this.#end()) return;
    this.#settle.reject(error);
    this.stopReading(error);
  }

  /** The time is over. */
  abstract expire(): void;

  /** Status and headers are there. */
  protected abstract begun(status: number, headers: RawHeaders): void;
  /** The body is there, so many bytes of it. */
  protected abstract ended(chunks: readonly Buffer[], bytes: number): void;
  /** It has more than `mostBytes`. */
  protected abstract tooLong(bytes: number): void;
  /** No answer came, or it broke off. */
  protected abstract broken(error: Error): void;
  /** Called once, before `answer` settles. */
  protected release(): void {}

  protected succeed(answer: Answer): void {
    if (this.#end()) this.#settle.resolve(answer);
  }

  protected stopReading(error: unknown): void {
    this.#controller?.abort(error instanceof Error ? error : new Error(String(error)));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error("it was given up before it was sent"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    // 1xx: the answer is still to come.
    if (status >= 200) this.begun(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#mostBytes) this.tooLong(this.#bytes);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.ended(this.#chunks, this.#bytes);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.broken(error);
  }

  /** Whether it was not over yet. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.release();
    return true;
  }
}

function expire(gatherer: { expire(): void }): void {
  gatherer.expire();
}

/** The whole body. */
export function textOf(chunks: readonly Buffer[]): string {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only.toString("utf8") : Buffer.concat(chunks).toString("utf8");
}
