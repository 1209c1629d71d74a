/** Whose rights Azure tells of: those of the identity that doctor signs in with. */
import type { DoctorContext } from "./ports.ts";

/** Whether it is the controller itself, and not an administrator with the controller's configuration. */
export async function isController({ azure, controllerClientId }: DoctorContext): Promise<boolean> {
  const { clientId } = await azure.signIn();
  if (clientId === undefined) return false;
  return controllerClientId === undefined || controllerClientId.toLowerCase() === clientId.toLowerCase();
}

/** What helps an administrator who wants to know what the controller may do. */
export const RUN_IN_POD = "run doctor in the controller's pod, as docs/how-to/doctor.md shows";
