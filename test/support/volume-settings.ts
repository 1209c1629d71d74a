// An operator's settings, with ids that are easy to distinguish in a failure.
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { dataRoleId } from "../../src/backend/blob/data-role.ts";
import type { Dependencies } from "../../src/volume/dependencies.ts";
import type { Settings } from "../../src/volume/ports.ts";

export const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";
export const CLIENT = "33333333-3333-3333-3333-333333333333";
export const PRINCIPAL = "44444444-4444-4444-4444-444444444444";

export const SETTINGS: Settings = {
  clusterId: "golden",
  alsoOwns: [],
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "keyless",
  location: "westeurope",
  tenantId: "22222222-2222-2222-2222-222222222222",
  allowedResourceGroups: [],
  overflow: [],
  roleId: dataRoleId(""),
  formerRoleIds: [],
  tenantOfSubscription: {},
  tokenAudience: "api://AzureADTokenExchange",
  managesFederatedCredentials: false,
  allowedNamespaces: [],
  retainsOnDelete: false,
  repairsDrift: false,
  mountChecks: "refuse",
  driverName: "keyless.blob.csi",
  nodeDriver: "keyless.blob.csi",
};

/** What blob volumes are planned with, for other settings too. */
export function blobRules(settings: Settings = SETTINGS): Pick<Dependencies, "settings" | "backend"> {
  return { settings, backend: blobBackend };
}
