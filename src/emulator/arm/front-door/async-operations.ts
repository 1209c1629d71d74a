/** Asynchronous operations of the storage provider: what the Location of a 202 leads to. */
import { randomUUID } from "node:crypto";

/** A finished or running operation: the account that it makes. */
export interface AsyncOperation {
  readonly account: string;
  readonly doneAt: number;
}

/** Operations that were begun since the emulator started; they are not part of the saved state. */
export interface AsyncOperations {
  /** Gives the new operation's id. */
  begin(operation: AsyncOperation): string;
  find(id: string): AsyncOperation | undefined;
}

/** How many operations are remembered; the oldest are forgotten, as Azure forgets them after a time. */
const REMEMBERED = 10_000;

/** Remembers the last 10,000 operations. */
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
