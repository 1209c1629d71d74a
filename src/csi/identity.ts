/** The CSI Identity service. Probe speaks of this process only: livenessprobe restarts what is not ready. */
import type { IdentityCalls } from "./proto.generated.ts";
import type { ServiceOf } from "./server.ts";

export interface IdentityOptions {
  readonly driverName: string;
  readonly version: string;
  /** Serving and not draining. */
  readonly isReady: () => boolean;
}

export function createIdentityService(options: IdentityOptions): ServiceOf<IdentityCalls> {
  return {
    GetPluginInfo: async () => ({ name: options.driverName, vendor_version: options.version }),
    GetPluginCapabilities: async () => ({
      capabilities: [{ service: { type: "CONTROLLER_SERVICE" } }, { volume_expansion: { type: "ONLINE" } }],
    }),
    Probe: async () => ({ ready: { value: options.isReady() } }),
  };
}
