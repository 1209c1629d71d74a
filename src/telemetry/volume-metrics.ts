/** The volumes in use that have lost something in Azure, as gauges. */
import type { Registry } from "prom-client";
import { watchOptional } from "./optional.ts";

/** The volumes of the last check. */
export interface VolumesSeen {
  readonly checked: number;
  readonly withoutStorage: number;
  readonly withoutAccess: number;
}

/** Present in one replica at a time, as the gauges of accounts. */
export function watchVolumes(registry: Registry, read: () => VolumesSeen | undefined): void {
  watchOptional(registry, () => read()?.checked, {
    name: "keyless_csi_volumes_checked",
    help: "Volumes in use that the last background check has seen.",
  });
  watchOptional(registry, () => read()?.withoutStorage, {
    name: "keyless_csi_volumes_without_storage",
    help: "Volumes in use whose container or storage account is gone.",
  });
  watchOptional(registry, () => read()?.withoutAccess, {
    name: "keyless_csi_volumes_without_access",
    help: "Volumes in use that no role assignment opens any more.",
  });
}
