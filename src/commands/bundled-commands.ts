/**
 * Replaces `service-commands.ts` in the service bundle. What is imported dynamically esbuild keeps whole, and all that it
 * imports; the commands share nearly everything, and their own parts are small.
 */
import * as access from "./access.ts";
import * as controller from "./controller.ts";
import * as doctor from "./doctor.ts";
import * as orphans from "./orphans.ts";
import * as roles from "./roles.ts";
import type { ServiceCommands } from "./service-commands.ts";
import * as staticVolumes from "./static.ts";
import * as support from "./support.ts";

export const serviceCommands: ServiceCommands = {
  controller: async () => controller,
  doctor: async () => doctor,
  orphans: async () => orphans,
  static: async () => staticVolumes,
  access: async () => access,
  roles: async () => roles,
  support: async () => support,
};
