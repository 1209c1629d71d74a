/** Microsoft.Resources, which is ARM itself: subscriptions, resource groups, and queries about all resources. */
import { defineProvider } from "../provider.ts";
import { deploymentRoutes } from "./deployments/routes.ts";
import { registrationRoutes } from "./registrations.ts";
import { resourceGroupRoutes } from "./resource-groups.ts";
import { resourceRoutes } from "./resources.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { tagRoutes } from "./tags.ts";

/** Stable in Azure/azure-rest-api-specs, oldest first. */
const VERSIONS = [
  "2015-11-01",
  "2016-02-01",
  "2016-07-01",
  "2016-09-01",
  "2017-05-10",
  "2018-02-01",
  "2018-05-01",
  "2019-03-01",
  "2019-05-01",
  "2019-05-10",
  "2019-07-01",
  "2019-08-01",
  "2019-10-01",
  "2020-06-01",
  "2020-08-01",
  "2020-10-01",
  "2021-01-01",
  "2021-04-01",
  "2022-09-01",
  "2023-07-01",
  "2024-03-01",
  "2024-07-01",
  "2024-11-01",
  "2025-03-01",
  "2025-04-01",
];
const SUBSCRIPTION_VERSIONS = [
  "2015-11-01",
  "2016-06-01",
  "2018-06-01",
  "2019-06-01",
  "2019-11-01",
  "2020-01-01",
  "2021-01-01",
  "2022-12-01",
];

export const resourcesProvider = defineProvider({
  namespace: "Microsoft.Resources",
  types: {
    resourceGroups: { kind: "scope", apiVersions: VERSIONS },
    resources: { kind: "query", apiVersions: VERSIONS },
    deployments: { kind: "extension", apiVersions: VERSIONS },
    tags: { kind: "extension", apiVersions: VERSIONS.filter((version) => version >= "2019-10-01") },
    providers: { kind: "query", apiVersions: VERSIONS },
    subscriptions: { kind: "scope", apiVersions: SUBSCRIPTION_VERSIONS },
    tenants: { kind: "query", apiVersions: SUBSCRIPTION_VERSIONS },
  },
  routes: [
    ...resourceGroupRoutes,
    ...deploymentRoutes,
    ...resourceRoutes,
    ...tagRoutes,
    ...subscriptionRoutes,
    ...registrationRoutes,
  ],
});
