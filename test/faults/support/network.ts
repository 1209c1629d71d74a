// A network between a service and the emulator that can fail: TCP on loopback, passed on unchanged, cut on request.
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Cloud } from "./cloud.ts";

export interface Network {
  /** The cloud's ready file with all addresses behind this network. */
  readonly readyFile: string;
  /** Cuts the connection at every n-th piece of an answer: the call took effect, and the caller never learns. */
  breakEvery(n: number): void;
  /** Refuses new connections and cuts those that are open. */
  cut(): void;
  /** Accepts connections and passes nothing on until `mend`. */
  stall(): void;
  mend(): void;
  /** How many connections were cut. */
  broken(): number;
  stop(): Promise<void>;
}

type State = "good" | "cut" | "stalled";

/** Forwards to the emulator's first address. */
export async function startNetwork(cloud: Cloud): Promise<Network> {
  const target = Number(new URL(cloud.emulator.info.armEndpoint).port);
  const sockets = new Set<Socket>();
  let state: State = "good";
  let every = 0;
  let pieces = 0;
  let broken = 0;
  const breakNow = () => {
    pieces += 1;
    return every > 0 && pieces % every === 0;
  };
  const server = createServer((inner) => {
    if (state === "cut") return void inner.destroy();
    const outer = connect(target, "127.0.0.1");
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
      if (state === "stalled") socket.pause();
    }
    const end = () => {
      inner.destroy();
      outer.destroy();
    };
    inner.on("data", (piece) => outer.write(piece)).on("close", end);
    outer.on("close", end).on("data", (piece) => {
      if (!breakNow()) return void inner.write(piece);
      broken += 1;
      end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const readyFile = join(cloud.folder, `ready-${port}.json`);
  const ready = await readFile(cloud.readyFile, "utf8");
  await writeFile(readyFile, ready.replaceAll(`127.0.0.1:${target}`, `127.0.0.1:${port}`), { mode: 0o600 });
  return {
    readyFile,
    breakEvery: (n) => {
      every = n;
    },
    cut() {
      state = "cut";
      for (const socket of sockets) socket.destroy();
    },
    stall() {
      state = "stalled";
      for (const socket of sockets) socket.pause();
    },
    mend() {
      state = "good";
      every = 0;
      for (const socket of sockets) socket.resume();
    },
    broken: () => broken,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
