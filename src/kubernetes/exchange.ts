/** One answer of the API server. */
import { AnswerGatherer, type GatheringLimits, type RawHeaders, textOf } from "../http/answer-gatherer.ts";

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

/** With more than `mostBytes` the answer ends there, and the connection is closed; without an end in time: a TimeoutError. */
export type ExchangeOptions = GatheringLimits;

export class Exchange extends AnswerGatherer<Answer> {
  #status = 0;
  #headers: Record<string, string> = {};

  expire(): void {
    this.fail(Object.assign(new Error("no answer in time"), { name: "TimeoutError" }));
  }

  protected begun(status: number, headers: RawHeaders): void {
    this.#status = status;
    this.#headers = headers as Record<string, string>;
  }

  protected ended(chunks: readonly Buffer[], bytes: number): void {
    this.#succeedWith({ bytes, text: textOf(chunks) });
  }

  protected tooLong(bytes: number): void {
    this.#succeedWith({ bytes });
    this.stopReading(new Error("the rest is not read"));
  }

  protected broken(error: Error): void {
    this.fail(error);
  }

  #succeedWith(body: Body): void {
    this.succeed({ status: this.#status, headers: this.#headers, body });
  }
}
