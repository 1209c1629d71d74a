/** A look at each resource group that may hold accounts of the controller. */
import type { ResourceGroupRef } from "../volume/ports.ts";
import { allowedGroups } from "../volume/settings.ts";
import { heaviest, type Outcome, ok } from "./check.ts";
import type { DoctorContext } from "./ports.ts";

export async function overGroups(
  { settings }: DoctorContext,
  lookAt: (group: ResourceGroupRef) => Promise<Outcome>,
): Promise<Outcome> {
  return heaviest(await Promise.all(allowedGroups(settings).map(lookAt)), ok("none"));
}
