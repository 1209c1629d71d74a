// A volume of a real control plane opened from outside: a ServiceAccount's token from the API server, exchanged at Entra, and the
// ordinary Azure SDK. Shows what storage holds, and who gets in.
import type { ContainerClient } from "@azure/storage-blob";
import { containerFor } from "../../src/commands/demo/workload.ts";
import { AUDIENCE } from "./azure-administrator.ts";
import type { Volume } from "./cluster-objects.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { ReadyFile } from "./emulator-admin.ts";

/** Who opens it, and where. */
export interface Opening {
  readonly plane: ControlPlane;
  readonly ready: ReadyFile;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The volume's container; each call to it may be refused. */
export function openVolume(volume: Volume, { plane, ready, namespace, serviceAccount }: Opening): ContainerClient {
  const { clientID = "", tenantID = "", storageaccount, containerName } = volume.spec.csi.volumeAttributes;
  const { blobEndpoint, authorityHost } = ready;
  const ask = ["create", "token", serviceAccount, "--namespace", namespace, "--audience", AUDIENCE];
  return containerFor(`${blobEndpoint}/${storageaccount}/${containerName}`, {
    ...{ clientId: clientID, tenantId: tenantID, authorityHost },
    serviceAccountToken: async () => (await plane.kubectl(ask)).trim(),
  });
}
