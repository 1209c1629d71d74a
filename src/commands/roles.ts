/**
 * `keyless-csi roles`: prints the role that workloads are granted, as the body of the ARM call that creates it. The
 * role's GUID is computed and known to the controller; `az role definition create` would choose one at random, so the
 * advice on standard error is `az rest`.
 */
import { CLOUDS } from "../config/cloud.ts";
import { choice, guid } from "../config/kinds.ts";
import { optional, setting } from "../config/setting.ts";
import { DATA_ROLE_ID } from "../volume/names.ts";
import { defineCommand, EXIT } from "./command.ts";

/** REST reference: Authorization, Role Definitions - Create Or Update, 2022-04-01. */
const API_VERSION = "2022-04-01";

const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/**
 * The role definition: the five blob data actions of Storage Blob Data Contributor and none of its control-plane
 * actions, so that a workload cannot delete, lease or re-label its own container.
 */
export function toDataRole(subscriptionId: string) {
  return {
    properties: {
      roleName: "keyless-csi Blob Data",
      description: "Read, write and delete blobs. Granted by keyless-csi on one container to one workload identity.",
      type: "CustomRole",
      permissions: [
        {
          actions: [],
          notActions: [],
          dataActions: ["read", "write", "delete", "add/action", "move/action"].map((action) => `${BLOBS}/${action}`),
          notDataActions: [],
        },
      ],
      assignableScopes: [`/subscriptions/${subscriptionId}`],
    },
  };
}

const settings = {
  "subscription-id": optional(guid, {
    group: "Azure",
    help: "the subscription that the role is made assignable in",
    absent: "required",
  }),
  cloud: setting(choice(Object.keys(CLOUDS) as (keyof typeof CLOUDS)[]), {
    group: "Azure",
    help: "the Azure cloud that the printed command is for",
    fallback: "AzurePublic",
  }),
};

export const command = defineCommand({
  settings,
  check({ subscriptionId }) {
    if (subscriptionId !== undefined) return [];
    const problem = "is required; name the subscription that accounts are made in";
    return [{ setting: "subscription-id", source: "--subscription-id", problem }];
  },
  async run({ values: { subscriptionId = "", cloud }, stdout, stderr }) {
    const url = `${CLOUDS[cloud].armEndpoint}/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${DATA_ROLE_ID}?api-version=${API_VERSION}`;
    stdout.write(`${JSON.stringify(toDataRole(subscriptionId), null, 2)}\n`);
    stderr.write(`Saved as role.json, this makes it:\n  az rest --method put --url "${url}" --body @role.json\n`);
    return EXIT.ok;
  },
});
