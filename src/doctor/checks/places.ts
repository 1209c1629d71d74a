/** Whether the subscriptions and resource groups of the configuration are there. */
import { groupId } from "../../volume/formats/arm-ids.ts";
import type { ResourceGroupRef } from "../../volume/ports.ts";
import { allowedSubscriptions, tenantOf } from "../../volume/settings.ts";
import { type Check, error, heaviest, type Outcome, ok, unchecked } from "../check.ts";
import { overGroups } from "../over-groups.ts";
import type { DoctorContext } from "../ports.ts";

/** States in which a subscription takes writes (Microsoft Cost Management, "Azure subscription states"). */
const WRITABLE = ["Enabled", "PastDue"];

const subscriptions: Check = {
  id: "subscription",
  category: "azure",
  title: "the subscriptions exist and take writes",
  why: "A disabled subscription can be read and not written to; one of another tenant needs --storage-tenants.",
  needs: ["azure-reach", "sign-in", "tenant"],
  async run(context) {
    const ids = allowedSubscriptions(context.settings);
    return heaviest(await Promise.all(ids.map((id) => lookAtSubscription(context, id))), ok("none"));
  },
};

async function lookAtSubscription({ azure, settings }: DoctorContext, id: string): Promise<Outcome> {
  const found = await azure.findSubscription(id);
  if (found === undefined) {
    return error(
      `there is no subscription ${id}, or the controller has no role in it`,
      "correct --subscription-id, or assign the controller the roles that `keyless-csi roles` prints",
    );
  }
  const wanted = tenantOf(settings, id);
  if (found.tenantId !== undefined && found.tenantId.toLowerCase() !== wanted.toLowerCase()) {
    return error(
      `subscription ${id} is of tenant ${found.tenantId}, and the configuration takes it for one of ${wanted}`,
      "correct --tenant-id, or state the tenant with --storage-tenants",
    );
  }
  if (WRITABLE.includes(found.state)) return ok(`${id} (${found.state})`);
  const fix =
    "its owner can enable it again (Azure portal, Subscriptions); until then nothing is created or deleted there";
  return error(`subscription ${id} is ${found.state}`, fix);
}

const groups: Check = {
  id: "resource-group",
  category: "azure",
  title: "the resource groups exist",
  why: "Accounts are created in them: --resource-group, --allowed-resource-groups and --overflow.",
  needs: ["subscription"],
  run: (context) => overGroups(context, (group) => lookAtGroup(context, group)),
};

async function lookAtGroup(context: DoctorContext, group: ResourceGroupRef): Promise<Outcome> {
  const { subscriptionId, resourceGroup } = group;
  const where = `${resourceGroup} in subscription ${subscriptionId}`;
  const seen = await context.azure.probeGroup(group);
  if (seen === "exists") return ok(where);
  if (seen === "hidden") return await unseenGroup(context, where, groupId(group));
  return error(
    `there is no resource group ${where}`,
    `create it (az group create --subscription ${subscriptionId} --name ${resourceGroup} --location ` +
      `${context.settings.location}), or correct the setting that names it`,
  );
}

/** Azure does not say whether what one may not read exists. */
async function unseenGroup({ azure }: DoctorContext, where: string, scope: string): Promise<Outcome> {
  const permissions = await azure.permissionsAt(scope);
  const hasRoles = typeof permissions === "object" && permissions.length > 0;
  if (hasRoles)
    return unchecked(`whether ${where} exists is not shown without the right to read storage accounts there`);
  return error(
    `there is no resource group ${where}, or the controller has no role in it`,
    "correct the setting that names it, or assign the controller the roles that `keyless-csi roles` prints",
  );
}

export const PLACE_CHECKS: readonly Check[] = [subscriptions, groups];
