/** A first-in-first-out queue whose ends are both reached in constant time. */
export interface Fifo<T> {
  readonly length: number;
  push(value: T): void;
  shift(): T | undefined;
  /** Counted from the oldest. */
  at(index: number): T | undefined;
}

/** What was shifted is dropped from memory in lots of this size. */
const LOT = 512;

export function createFifo<T>(): Fifo<T> {
  let values: T[] = [];
  let head = 0;
  return {
    get length() {
      return values.length - head;
    },
    push: (value) => void values.push(value),
    shift() {
      if (head === values.length) return undefined;
      const value = values[head];
      head += 1;
      if (head >= LOT && head * 2 >= values.length) {
        values = values.slice(head);
        head = 0;
      }
      return value;
    },
    at: (index) => values[head + index],
  };
}
