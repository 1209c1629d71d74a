/**
 * Whether a volume would be mounted, and would keep what pods write: asked by CreateVolume before anything is made, since
 * the node plugin itself says nothing. `--mount-checks` decides whether a fault refuses the volume or is a warning.
 */
import { DriverError } from "../errors.ts";
import { findIgnored } from "./class-parameters.ts";
import type { Claimed } from "./identity.ts";
import { findMountFaults, type MountFault } from "./mount-faults.ts";
import { readMountOptions } from "./mount-options.ts";
import { findDriverFault } from "./node-driver.ts";
import type { VolumePlan } from "./plan.ts";
import type { Ports, Settings } from "./ports.ts";

/** Throws Misconfigured for a volume that is refused (`MountFault.isRefused`), and tells of what is only unwise. Without Kubernetes: nothing. */
export async function checkMount(ports: Ports, settings: Settings, plan: VolumePlan, claimed: Claimed): Promise<void> {
  if (!ports.cluster.isConnected || settings.mountChecks === "off") return;
  const { mountFlags: flags, accessModes, parameters } = plan.request;
  const { acceptsFileCache } = plan.volumeClass;
  const asked = { flags, accessModes, acceptsFileCache, className: claimed.claim?.className };
  const faults = [
    ...(await findDriverFaults(ports, settings)),
    ...findMountFaults(asked, readMountOptions(flags)),
    ...findParameterFaults(parameters),
  ];
  const [refused] = settings.mountChecks === "refuse" ? faults.filter(({ isRefused }) => isRefused) : [];
  if (refused !== undefined) throw new DriverError("Misconfigured", refused.message);
  for (const fault of faults) await warn(ports, plan, claimed, fault);
}

/** Parameters that promise something which no mount does: a class that has them works as it did. */
function findParameterFaults(parameters: Readonly<Record<string, string>>): MountFault[] {
  const ignored = findIgnored(parameters);
  return ignored.length === 0 ? [] : [{ kind: "NoEffect", isRefused: false, message: ignored.join("; ") }];
}

/** A driver that cannot be read is a fault like the others, unless trying again is the way. */
async function findDriverFaults({ cluster }: Ports, settings: Settings): Promise<MountFault[]> {
  const { nodeDriver, driverName } = settings;
  if (nodeDriver === "") return [];
  const find = async (isFresh: boolean) =>
    findDriverFault(nodeDriver, await cluster.findCsiDriver(nodeDriver, { isFresh }), driverName);
  try {
    // Somebody may just have repaired it: only a good one is taken from memory.
    const fault = (await find(false)) && (await find(true));
    return fault === undefined ? [] : [fault];
  } catch (error) {
    if (!(error instanceof DriverError) || error.reason !== "Misconfigured") throw error;
    return [{ kind: "NodeDriver", isRefused: true, message: error.message }];
  }
}

async function warn(ports: Ports, { request }: VolumePlan, { ref, claim }: Claimed, fault: MountFault): Promise<void> {
  const { kind: reason, message } = fault;
  ports.observer.warned({ volume: request.name, claim: ref, className: claim?.className, reason, message });
  if (ref === undefined || claim === undefined) return;
  // An event is for people, and the log has said the same: a volume does not fail for it.
  await ports.cluster.warnClaim(ref, claim, { reason, message }).catch(() => undefined);
}
