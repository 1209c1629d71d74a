/** Microsoft.PolicyInsights, as far as it says beforehand what policies would do. */
import { defineProvider } from "../provider.ts";
import { restrictionRoutes } from "./check-restrictions.ts";

export const policyInsightsProvider = defineProvider({
  namespace: "Microsoft.PolicyInsights",
  types: {
    // Stable in Azure/azure-rest-api-specs, policyinsights.
    checkPolicyRestrictions: { kind: "query", apiVersions: ["2020-07-01", "2022-03-01", "2023-03-01", "2024-10-01"] },
  },
  routes: restrictionRoutes,
});
