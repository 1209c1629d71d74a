/** Asynchronous operations: which ones are known, and the 202 that tells a caller where to poll. */
import { randomUUID } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import type { Services } from "../../services.ts";

/** A running or finished operation. */
interface AsyncOperation {
  /** The resource that it creates or changes, by the name that its provider finds it under. */
  readonly resource: string;
  /** By the emulator's clock. */
  readonly doneAt: number;
}

/** Operations begun in this run of the emulator; they are not part of the saved state. */
export interface AsyncOperations {
  /** Returns the new operation's id. */
  begin(operation: AsyncOperation): string;
  find(id: string): AsyncOperation | undefined;
}

/** How many operations are remembered; the oldest are forgotten first. Azure forgets them after some time. */
const REMEMBERED = 10_000;

export function createAsyncOperations(): AsyncOperations {
  const operations = new Map<string, AsyncOperation>();
  return {
    begin(operation) {
      const id = randomUUID();
      operations.set(id, operation);
      const oldest = operations.keys().next().value;
      if (operations.size > REMEMBERED && oldest !== undefined) operations.delete(oldest);
      return id;
    },
    find: (id) => operations.get(id.toLowerCase()),
  };
}

/** 202 with an empty body, as the storage provider answers; `poll` is where the operation's state is. */
export function accepted({ services }: { readonly services: Services }, poll: URL, doneAt: number): Reply {
  const { clock, settings } = services;
  const retryAfter = retryAfterSeconds(doneAt - clock.now(), settings.operationRetryAfterSeconds);
  return { status: 202, headers: { Location: poll.toString(), "Retry-After": String(retryAfter) } };
}

/** Whole seconds, at least 1 (Go and Python pollers read 0 as their default of 30 s), at most the configured value. */
function retryAfterSeconds(waitMs: number, configuredSeconds: number): number {
  return Math.min(Math.max(1, configuredSeconds), Math.max(1, Math.ceil(waitMs / 1000)));
}
