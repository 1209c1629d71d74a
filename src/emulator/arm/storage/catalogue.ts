/** What the storage provider offers: its SKUs and its operations. */
import type { Reply } from "../../http/call.ts";
import { REGIONS } from "../front-door/locations.ts";
import type { ArmRequest, Route } from "../provider.ts";
import { SKUS, skuTier } from "./accounts/rules.ts";

const SKUS_TYPE = "Microsoft.Storage/skus";
const OPERATIONS_TYPE = "Microsoft.Storage/operations";

/** REST: Skus - List; Operations - List. */
export const catalogueRoutes: readonly Route<typeof SKUS_TYPE | typeof OPERATIONS_TYPE>[] = [
  {
    method: "GET",
    path: "/subscriptions/{subscriptionId}/providers/Microsoft.Storage/skus",
    type: SKUS_TYPE,
    action: "Microsoft.Storage/skus/read",
    operation: "skus/list",
    run: listSkus,
  },
  {
    method: "GET",
    path: "/providers/Microsoft.Storage/operations",
    type: OPERATIONS_TYPE,
    operation: "operations/list",
    run: listOperations,
  },
];

/** One entry for each SKU, kind and region. */
function listSkus(_request: ArmRequest): Reply {
  const value = Object.entries(SKUS).flatMap(([kind, names]) =>
    names.flatMap((name) =>
      REGIONS.map((region) => ({
        resourceType: "storageAccounts",
        name,
        tier: skuTier(name),
        kind,
        locations: [region.name],
        capabilities: [],
        restrictions: [],
      })),
    ),
  );
  return { status: 200, body: { value } };
}

/** The operations that the emulator serves and checks, as `az role definition` tools look them up. */
function listOperations(_request: ArmRequest): Reply {
  const value = OPERATIONS.map(([name, resource, operation]) => ({
    name: `Microsoft.Storage/${name}`,
    display: { provider: "Microsoft Storage", resource, operation },
    isDataAction: name.includes("/blobs/"),
  }));
  return { status: 200, body: { value } };
}

const OPERATIONS: readonly (readonly [name: string, resource: string, operation: string])[] = [
  ["storageAccounts/read", "Storage Accounts", "List/Get Storage Account(s)"],
  ["storageAccounts/write", "Storage Accounts", "Create/Update Storage Account"],
  ["storageAccounts/delete", "Storage Accounts", "Delete Storage Account"],
  ["storageAccounts/listKeys/action", "Storage Accounts", "List Storage Account Keys"],
  ["storageAccounts/blobServices/read", "Blob service", "Get blob service properties"],
  ["storageAccounts/blobServices/write", "Blob service", "Put blob service properties"],
  ["storageAccounts/blobServices/containers/read", "Blob containers", "Get/List containers"],
  ["storageAccounts/blobServices/containers/write", "Blob containers", "Put/Patch container"],
  ["storageAccounts/blobServices/containers/delete", "Blob containers", "Delete container"],
  ["storageAccounts/blobServices/containers/lease/action", "Blob containers", "Lease container"],
  ["storageAccounts/blobServices/containers/blobs/read", "Blobs", "Read blob"],
  ["storageAccounts/blobServices/containers/blobs/write", "Blobs", "Write blob"],
  ["storageAccounts/blobServices/containers/blobs/delete", "Blobs", "Delete blob"],
  ["storageAccounts/blobServices/containers/blobs/add/action", "Blobs", "Add blob content"],
  ["storageAccounts/blobServices/containers/blobs/move/action", "Blobs", "Move blob"],
  ["locations/usages/read", "Usages", "Get usages"],
  ["checknameavailability/read", "Name availability", "Check name availability"],
  ["skus/read", "SKUs", "List SKUs"],
];
