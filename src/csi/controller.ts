/** The CSI Controller service: each RPC reads its request, runs the story in `volume/`, and words the answer. */
import type { SingleFlight } from "../concurrency/single-flight.ts";
import { canonicalJson } from "../volume/names.ts";
import type { Volumes } from "../volume/volumes.ts";
import type { ControllerCalls } from "./proto.generated.ts";
import {
  assertCapabilities,
  findUnsupported,
  requireMaxEntries,
  requireVolumeId,
  toExpandRange,
  toVolumeRequest,
} from "./requests.ts";
import type { ServiceOf } from "./server.ts";

/** What is announced; every RPC behind it is served, and csi-sanity tests each. */
const CAPABILITIES = ["CREATE_DELETE_VOLUME", "LIST_VOLUMES", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"] as const;

export interface ControllerOptions {
  readonly volumes: Volumes;
  /** Keyed by volume; it refuses another request while one is under way. */
  readonly flights: SingleFlight<unknown>;
}

export function createControllerService({ volumes, flights }: ControllerOptions): ServiceOf<ControllerCalls> {
  return {
    async CreateVolume(message) {
      const request = toVolumeRequest(message);
      const create = () => volumes.create(request);
      const volume = await flights.run(volumes.keyOf({ name: request.name }), create, () => canonicalJson(request));
      return {
        volume: {
          volume_id: volume.id,
          capacity_bytes: String(volume.sizeBytes),
          volume_context: { ...volume.context },
        },
      };
    },
    async DeleteVolume(message) {
      const id = requireVolumeId(message.volume_id);
      await flights.run(
        volumes.keyOf({ id }),
        () => volumes.delete(id),
        () => `delete ${id}`,
      );
      return {};
    },
    async ControllerExpandVolume(message) {
      const id = requireVolumeId(message.volume_id);
      const range = toExpandRange(message);
      const expand = () => volumes.expand(id, range);
      const sizeBytes = await flights.run(volumes.keyOf({ id }), expand, () => `expand ${id} ${canonicalJson(range)}`);
      return { capacity_bytes: String(sizeBytes), node_expansion_required: false };
    },
    // No single flight: it reads only, and a page is true for the moment at which it was read.
    async ListVolumes({ max_entries: maxEntries, starting_token: startingToken }) {
      const page = await volumes.list(requireMaxEntries(maxEntries), startingToken);
      const entries = page.volumes.map(({ id, sizeBytes }) => ({
        volume: { volume_id: id, capacity_bytes: String(sizeBytes) },
      }));
      return { entries, next_token: page.nextToken ?? "" };
    },
    // No single flight: it reads only.
    async ValidateVolumeCapabilities(message) {
      const volumeId = requireVolumeId(message.volume_id);
      if (message.volume_capabilities.length === 0) assertCapabilities(message.volume_capabilities);
      await volumes.inspect(volumeId);
      const problem = findUnsupported(message.volume_capabilities);
      if (problem !== undefined) return { message: problem };
      return { confirmed: { volume_capabilities: message.volume_capabilities } };
    },
    ControllerGetCapabilities: async () => ({ capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) }),
  };
}
