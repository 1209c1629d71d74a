/** Replaces `bundled-emulator.ts` in the service bundle: this build contains no emulator. */
import type { BundledEmulator } from "./bundled-emulator.ts";

export const bundledEmulator: BundledEmulator | undefined = undefined;
