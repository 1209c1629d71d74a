/**
 * The only import of the emulator in the product. The service bundle is built with `no-emulator.ts` in its place
 * (scripts/bundle.ts), so that production contains no emulator.
 */
import type { Command } from "./command.ts";

/** What a build with an emulator offers. */
export interface BundledEmulator {
  emulatorCommand(): Promise<{ readonly command: Command }>;
  demoCommand(): Promise<{ readonly command: Command }>;
  /** `startEmulator`, for `controller --emulator`. */
  loadEmulator(): Promise<typeof import("../emulator/emulator.ts")>;
}

/** Undefined in a build without emulator. */
export const bundledEmulator: BundledEmulator | undefined = {
  emulatorCommand: () => import("./emulator.ts"),
  demoCommand: () => import("./demo.ts"),
  loadEmulator: () => import("../emulator/emulator.ts"),
};
