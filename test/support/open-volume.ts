// A volume of a real control plane, opened with a ServiceAccount's token from the API server, exchanged at Entra, and the Azure
// SDK: shows what storage holds, and who has access.
import type { ContainerClient } from "@azure/storage-blob";
import { containerFor } from "../../src/commands/demo/workload.ts";
import { AUDIENCE } from "./azure-administrator.ts";
import type { Volume } from "./cluster-objects.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { ReadyFile } from "./emulator-admin.ts";

/** The ServiceAccount that opens it, and its cluster. */
export interface VolumeUser {
  readonly plane: ControlPlane;
  readonly ready: ReadyFile;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The volume's container; storage may refuse any call to it. */
export function openVolume(volume: Volume, { plane, ready, namespace, serviceAccount }: VolumeUser): ContainerClient {
  const { clientID = "", tenantID = "", storageaccount, containerName } = volume.spec.csi.volumeAttributes;
  const { blobEndpoint, authorityHost } = ready;
  const ask = ["create", "token", serviceAccount, "--namespace", namespace, "--audience", AUDIENCE];
  return containerFor(`${blobEndpoint}/${storageaccount}/${containerName}`, {
    clientId: clientID,
    tenantId: tenantID,
    authorityHost,
    serviceAccountToken: async () => (await plane.kubectl(ask)).trim(),
  });
}
