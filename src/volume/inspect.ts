/** What is known of an existing volume, for ValidateVolumeCapabilities: reads only, changes nothing. */
import { DriverError } from "../errors.ts";
import { findOwnAccount } from "./delete.ts";
import { parseVolumeId } from "./names.ts";
import type { Container, Ports, Settings } from "./ports.ts";

/** The container behind a volume id. Throws NotFound when there is none, also when the id leads to what is not ours. */
export async function inspectVolume(ports: Ports, settings: Settings, volumeId: string): Promise<Container> {
  const ref = parseVolumeId(volumeId);
  const account = ref && (await findOwnAccount(ports, settings, ref).catch(hideForeign));
  const container = account && ref && (await ports.containers.find(ref));
  if (container === undefined) throw new DriverError("NotFound", `volume ${volumeId} does not exist`);
  return container;
}

function hideForeign(error: unknown): undefined {
  if (error instanceof DriverError && error.reason === "NotOurs") return undefined;
  throw error;
}
