/**
 * Keeps apart, in this process, those who make volumes in an account and the one who takes an empty account's grants away.
 * Many may be inside at once; whoever closes waits until they have left, and new ones wait outside.
 */
export interface Gate {
  /** Runs the work beside others of the same key. */
  enter<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Runs the work alone. */
  close<T>(key: string, work: () => Promise<T>): Promise<T>;
}

interface Room {
  readonly inside: Set<Promise<unknown>>;
  closed: Promise<unknown> | undefined;
}

export function createGate(): Gate {
  const rooms = new Map<string, Room>();
  const roomOf = (key: string): Room => {
    const room = rooms.get(key) ?? { inside: new Set(), closed: undefined };
    rooms.set(key, room);
    return room;
  };
  const leave = (key: string, room: Room) => {
    if (room.inside.size === 0 && room.closed === undefined) rooms.delete(key);
  };
  return {
    async enter(key, work) {
      let room = roomOf(key);
      for (; room.closed !== undefined; room = roomOf(key)) await room.closed;
      // No await from here on until it is taken: another may have been waiting for the same moment.
      const running = Promise.withResolvers<void>();
      room.inside.add(running.promise);
      try {
        return await work();
      } finally {
        room.inside.delete(running.promise);
        running.resolve();
        leave(key, room);
      }
    },
    async close(key, work) {
      let room = roomOf(key);
      for (; room.closed !== undefined; room = roomOf(key)) await room.closed;
      const alone = Promise.withResolvers<void>();
      room.closed = alone.promise;
      try {
        await Promise.all(room.inside);
        return await work();
      } finally {
        room.closed = undefined;
        alone.resolve();
        leave(key, room);
      }
    },
  };
}
