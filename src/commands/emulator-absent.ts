/**
 * Stands in for `emulator-parts.ts` in the service bundle: this build contains no emulator.
 */
import type { EmulatorParts } from "./emulator-parts.ts";

export const emulatorParts: EmulatorParts | undefined = undefined;
