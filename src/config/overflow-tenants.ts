/** `--overflow` in another tenant: what is made there could not be opened to the identities of the first one. */
import type { controllerSettings } from "./controller-settings.ts";
import type { SettingProblem } from "./problem.ts";
import type { Draft } from "./setting.ts";

/** One problem for each place that is in another tenant than `--subscription-id`. */
export function findOverflowAbroad({
  overflow = [],
  storageTenants = [],
  subscriptionId,
  tenantId,
  cloudFile,
}: Draft<typeof controllerSettings>): SettingProblem[] {
  const own = tenantId ?? cloudFile?.tenantId;
  const tenantOf = (id: string | undefined) =>
    storageTenants.find((each) => each.subscriptionId === id?.toLowerCase())?.tenantId ?? own;
  const first = tenantOf(subscriptionId ?? cloudFile?.subscriptionId);
  return overflow
    .filter((group) => tenantOf(group.subscriptionId) !== first)
    .map(({ subscriptionId: id, resourceGroup }) => ({
      setting: "overflow",
      source: "--overflow",
      problem:
        `"${id}/${resourceGroup}" is in another tenant than --subscription-id (--storage-tenants), and Azure grants access only ` +
        "within a tenant; name a subscription of the same one",
    }));
}
