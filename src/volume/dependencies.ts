/** What every story works with. `createVolumes` and the orphan stories bind it once. */
import type { Backend } from "../backend/backend.ts";
import type { Ports, Settings } from "./ports.ts";

export interface Dependencies {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly backend: Backend;
}
