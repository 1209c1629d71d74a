/**
 * Whether a volume could be mounted, and would keep what pods write: checked by CreateVolume before anything is created,
 * since the node plugin itself reports nothing. `--mount-checks` decides whether a problem refuses the volume or is a
 * warning.
 */
import type { MountProblem } from "../backend/backend.ts";
import { DriverError } from "../errors.ts";
import { listed } from "../text/cut.ts";
import type { Dependencies } from "./dependencies.ts";
import type { ClaimContext } from "./identity/identity.ts";
import { findDriverProblem } from "./node-driver.ts";
import { warnOwner } from "./owner-warning.ts";
import type { VolumePlan } from "./plan.ts";

/**
 * Throws Misconfigured for a volume that is refused (`MountProblem.isRefused`), and reports what is only unwise. Without
 * Kubernetes nothing is checked.
 */
export async function checkMount(deps: Dependencies, plan: VolumePlan, claim: ClaimContext): Promise<void> {
  const { ports, settings, backend } = deps;
  if (!ports.cluster.isConnected || settings.mountChecks === "off") return;
  const { mountFlags: flags, accessModes } = plan.request;
  const { volumeClass } = plan;
  const request = { flags, accessModes, volumeClass, className: claim.claim?.className };
  const problems = [
    ...(await findDriverProblems(deps)),
    ...backend.findMountProblems(request),
    ...findParameterProblems(plan),
  ];
  const refused = settings.mountChecks === "refuse" ? problems.find(({ isRefused }) => isRefused) : undefined;
  if (refused !== undefined) throw new DriverError("Misconfigured", refused.message);
  for (const { kind: reason, message } of problems) await warnOwner(deps, plan, claim, { reason, message });
}

/** Parameters that promise something which no mount does: a class that has them works as it did. */
function findParameterProblems({ ignored }: VolumePlan): MountProblem[] {
  return ignored.length === 0 ? [] : [{ kind: "NoEffect", isRefused: false, message: listed(ignored) }];
}

/** A CSIDriver that cannot be read is a problem like the others, unless trying again is the way. */
async function findDriverProblems({ ports, settings }: Dependencies): Promise<MountProblem[]> {
  const { nodeDriver } = settings;
  if (nodeDriver === "") return [];
  try {
    const known = await ports.cluster.findCsiDriver(nodeDriver);
    if (findDriverProblem(nodeDriver, known, settings) === undefined) return [];
    // Somebody may just have repaired it: only a good one is taken from memory.
    const fresh = await ports.cluster.findCsiDriver(nodeDriver, { isFresh: true });
    const problem = findDriverProblem(nodeDriver, fresh, settings);
    return problem === undefined ? [] : [problem];
  } catch (error) {
    if (!(error instanceof DriverError) || error.reason !== "Misconfigured") throw error;
    return [{ kind: "NodeDriver", isRefused: true, message: error.message }];
  }
}
