/** Microsoft.Storage: accounts, their blob service and containers, and queries about them. */

import { lastSegment } from "../front-door/resource-ids.ts";
import { STORAGE_TAGS } from "../front-door/tags.ts";
import { defineProvider, tracked } from "../provider.ts";
import { accountQueryRoutes } from "./accounts/queries.ts";
import { accountRoutes, dropAccount } from "./accounts/routes.ts";
import { FIRST_VERSIONS, VERSIONS_WITH_CONTAINERS } from "./api-versions.ts";
import { blobServiceRoutes } from "./blob-services.ts";
import { catalogueRoutes } from "./catalogue.ts";
import { immutabilityRoutes } from "./containers/immutability.ts";
import { containerLeaseRoutes } from "./containers/lease.ts";
import { containerListRoutes } from "./containers/list.ts";
import { containerRoutes } from "./containers/routes.ts";
import { throttleStorage } from "./limits.ts";

const VERSIONS = [...FIRST_VERSIONS, ...VERSIONS_WITH_CONTAINERS];

export const storageProvider = defineProvider({
  namespace: "Microsoft.Storage",
  types: {
    storageAccounts: tracked({
      apiVersions: VERSIONS,
      all: (world) => world.accounts.values(),
      find(world, id) {
        const account = world.accounts.get(lastSegment(id));
        return account?.id.toLowerCase() === id ? account : undefined;
      },
      tagLimits: STORAGE_TAGS,
      remove: dropAccount,
      policyView: ({ kind, sku, location, tags, properties }) => ({ kind, sku, location, tags, properties }),
    }),
    "storageAccounts/blobServices": { kind: "nested", apiVersions: VERSIONS_WITH_CONTAINERS },
    "storageAccounts/blobServices/containers": { kind: "nested", apiVersions: VERSIONS_WITH_CONTAINERS },
    "storageAccounts/blobServices/containers/immutabilityPolicies": {
      kind: "nested",
      apiVersions: VERSIONS_WITH_CONTAINERS,
    },
    checkNameAvailability: { kind: "query", apiVersions: VERSIONS },
    "locations/usages": { kind: "query", apiVersions: VERSIONS_WITH_CONTAINERS },
    "locations/asyncoperations": { kind: "query", apiVersions: VERSIONS },
    operations: { kind: "query", apiVersions: VERSIONS },
    skus: { kind: "query", apiVersions: VERSIONS.slice(VERSIONS.indexOf("2017-06-01")) },
  },
  routes: [
    ...accountRoutes,
    ...accountQueryRoutes,
    ...blobServiceRoutes,
    ...containerRoutes,
    ...containerListRoutes,
    ...containerLeaseRoutes,
    ...immutabilityRoutes,
    ...catalogueRoutes,
  ],
  throttle: throttleStorage,
});
