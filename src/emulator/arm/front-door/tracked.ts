/** Lists of tracked resources (accounts, identities): of a resource group, or of a subscription. */
import type { Reply } from "../../http/call.ts";
import { pageReply } from "./paging.ts";
import { resourceGroupId } from "./resource-ids.ts";
import type { ArmRequest } from "./route-table.ts";

/** Those of the resource group in the path or, when there is none in it, of the subscription. */
export function listTracked<Resource extends { readonly id: string }>(
  request: ArmRequest,
  resources: Iterable<Resource>,
  view: (resource: Resource) => object,
): Reply {
  const { subscriptionId = "", resourceGroup } = request.params;
  const scope =
    resourceGroup === undefined ? `/subscriptions/${subscriptionId}` : resourceGroupId(subscriptionId, resourceGroup);
  const prefix = `${scope.toLowerCase()}/`;
  const found = [...resources].filter((each) => each.id.toLowerCase().startsWith(prefix));
  return pageReply(
    request,
    found.map((each) => ({ key: each.id.toLowerCase(), view: view(each) })),
  );
}
