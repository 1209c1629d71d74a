/** The CSI Controller service: each RPC reads its request, lets the story in `volume/` happen, and words the answer. */
import type { SingleFlight } from "../concurrency/single-flight.ts";
import { recordedSize } from "../volume/container-record.ts";
import { createVolume } from "../volume/create.ts";
import { deleteVolume } from "../volume/delete.ts";
import { expandVolume } from "../volume/expand.ts";
import { inspectVolume } from "../volume/inspect.ts";
import { listVolumes } from "../volume/list.ts";
import { canonicalJson, containerName, parseVolumeId, volumeId as volumeIdOf } from "../volume/names.ts";
import type { Ports, Settings } from "../volume/ports.ts";
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

/** What we announce; every RPC behind it is served, and csi-sanity tests each. */
const CAPABILITIES = ["CREATE_DELETE_VOLUME", "LIST_VOLUMES", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"] as const;

export interface ControllerOptions {
  readonly ports: Ports;
  readonly settings: Settings;
  /** Keyed by volume; it refuses another request while one is under way. */
  readonly flights: SingleFlight<unknown>;
}

export function createControllerService({ ports, settings, flights }: ControllerOptions): ServiceOf<ControllerCalls> {
  return {
    async CreateVolume(message) {
      const request = toVolumeRequest(message);
      const create = () => createVolume(ports, settings, request);
      const volume = await flights.run(containerName(request.name), create, canonicalJson(request));
      return {
        volume: {
          volume_id: volume.id,
          capacity_bytes: String(volume.sizeBytes),
          volume_context: { ...volume.context } as Record<string, string>,
        },
      };
    },
    async DeleteVolume(message) {
      const volumeId = requireVolumeId(message.volume_id);
      // The same key as CreateVolume's, so that the two never run against each other.
      const key = parseVolumeId(volumeId)?.name ?? volumeId;
      await flights.run(key, () => deleteVolume(ports, settings, volumeId), `delete ${volumeId}`);
      return {};
    },
    async ControllerExpandVolume(message) {
      const volumeId = requireVolumeId(message.volume_id);
      const range = toExpandRange(message);
      const key = parseVolumeId(volumeId)?.name ?? volumeId;
      const expand = () => expandVolume(ports, settings, volumeId, range);
      const sizeBytes = await flights.run(key, expand, `expand ${volumeId} ${canonicalJson(range)}`);
      return { capacity_bytes: String(sizeBytes), node_expansion_required: false };
    },
    // No single flight: it reads only, and a page is true for the moment at which it was read.
    async ListVolumes({ max_entries: maxEntries, starting_token: startingToken }) {
      const page = await listVolumes(ports, settings, requireMaxEntries(maxEntries), startingToken);
      const entries = page.containers.map(({ ref, metadata }) => ({
        volume: { volume_id: volumeIdOf(ref), capacity_bytes: String(recordedSize(metadata) ?? 0) },
      }));
      return { entries, next_token: page.nextToken ?? "" };
    },
    // No single flight: it reads only.
    async ValidateVolumeCapabilities(message) {
      const volumeId = requireVolumeId(message.volume_id);
      if (message.volume_capabilities.length === 0) assertCapabilities(message.volume_capabilities);
      await inspectVolume(ports, settings, volumeId);
      const fault = findUnsupported(message.volume_capabilities);
      if (fault !== undefined) return { message: fault };
      return { confirmed: { volume_capabilities: message.volume_capabilities } };
    },
    ControllerGetCapabilities: async () => ({ capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) }),
  };
}
