/** The service's commands, each loaded when it is called. The service bundle has `bundled-commands.ts` in its place. */
import type { Command } from "./command.ts";

/** Resolves with a command's file. */
type Load = () => Promise<{ readonly command: Command }>;

export interface ServiceCommands {
  readonly controller: Load;
  readonly doctor: Load;
  readonly orphans: Load;
  readonly static: Load;
  readonly access: Load;
  readonly roles: Load;
  readonly support: Load;
}

export const serviceCommands: ServiceCommands = {
  controller: () => import("./controller.ts"),
  doctor: () => import("./doctor.ts"),
  orphans: () => import("./orphans.ts"),
  static: () => import("./static.ts"),
  access: () => import("./access.ts"),
  roles: () => import("./roles.ts"),
  support: () => import("./support.ts"),
};
