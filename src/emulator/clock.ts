/** The emulator's time: real time plus an offset that tests can change (`POST /_emulator/clock`). */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Moves the clock forward (or back, when negative). */
  advance(milliseconds: number): void;
}

/** A clock that starts at real time. `onAdvance` is called each time it is moved. */
export function createClock(onAdvance: () => void = () => {}): Clock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    advance: (milliseconds) => {
      offset += milliseconds;
      onAdvance();
    },
  };
}
