// A Lease in memory that several replicas share, each over a connection of its own.
import type { LeaseRecord, LeaseStore } from "../../src/concurrency/leadership.ts";

export interface MemoryLease {
  /** What stands in it; undefined: it does not exist. */
  held(): LeaseRecord | undefined;
  /** Somebody else writes it, or deletes it. */
  overwrite(record: LeaseRecord | undefined): void;
  /** `beforeEach` runs before each request, and may throw. */
  connect(beforeEach?: () => Promise<void>): LeaseStore;
}

export function createMemoryLease(): MemoryLease {
  let record: LeaseRecord | undefined;
  let version = 0;
  return {
    held: () => record,
    overwrite(other) {
      record = other;
    },
    connect: (beforeEach = async () => undefined) => ({
      async read() {
        await beforeEach();
        return record;
      },
      async write(wanted, before) {
        await beforeEach();
        if (record?.version !== before?.version) return undefined;
        version += 1;
        record = { ...wanted, version: String(version) };
        return record;
      },
    }),
  };
}
