/** The commands, for `main.ts`. Each is loaded only when it is called. */
import { bundledEmulator } from "./bundled-emulator.ts";
import type { Command } from "./command.ts";
import { serviceCommands } from "./service-commands.ts";

/** One command before it is loaded. `load` is absent when this build does not contain it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: (() => Promise<{ readonly command: Command }>) | undefined;
}

/** In the order of the help. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: "controller",
    summary: "serve CSI to csi-provisioner and create keyless volumes in Azure",
    load: serviceCommands.controller,
  },
  {
    name: "doctor",
    summary: "say what is wrong with an installation, or with one claim, and what to do about it",
    load: serviceCommands.doctor,
  },
  {
    name: "orphans",
    summary: "find what is left in Azure that no volume of the cluster needs, and delete it on request",
    load: serviceCommands.orphans,
  },
  {
    name: "access",
    summary: "show who can open which volume, and what the claims do not account for",
    load: serviceCommands.access,
  },
  {
    name: "static",
    summary: "print PersistentVolume and claim for a container that exists, or for a second ServiceAccount",
    load: serviceCommands.static,
  },
  {
    name: "support",
    summary: "collect what a bug report needs in one file, without secrets",
    load: serviceCommands.support,
  },
  {
    name: "roles",
    summary: "print the Azure roles that workloads and the controller need",
    load: serviceCommands.roles,
  },
  {
    name: "emulator",
    summary: "run Azure in one process: ARM, Entra, Blob and Data Lake, for tests and laptops",
    load: bundledEmulator?.emulatorCommand,
  },
  {
    name: "demo",
    summary: "create, use and delete one volume on the emulator, step by step",
    load: bundledEmulator?.demoCommand,
  },
];
