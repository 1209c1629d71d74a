/** Time as the emulator sees it: real time plus an offset that tests move (`POST /_emulator/clock`). */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Moves the clock forward (or back, when negative). */
  advance(milliseconds: number): void;
}

/** A clock at real time. `onAdvance` is called after each move, for those who keep something fresh by it. */
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
