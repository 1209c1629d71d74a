/** Microsoft.Authorization: role definitions and assignments, permissions, deny assignments, locks, policy assignments. All of them are at any scope. */
import { defineProvider } from "../provider.ts";
import { denyAssignmentRoutes } from "./deny-assignments.ts";
import { lockRoutes } from "./locks.ts";
import { permissionRoutes } from "./permissions.ts";
import { policyAssignmentRoutes } from "./policy-assignments.ts";
import { policyDefinitionRoutes } from "./policy-definitions.ts";
import { roleAssignmentRoutes } from "./role-assignments/routes.ts";
import { roleDefinitionRoutes } from "./role-definitions/routes.ts";

/** Of assignments and definitions of Azure Policy alike. */
const POLICY_VERSIONS = [
  "2019-09-01",
  "2020-09-01",
  "2021-06-01",
  "2022-06-01",
  "2023-04-01",
  "2025-01-01",
  "2025-03-01",
  "2025-11-01",
];

export const authorizationProvider = defineProvider({
  namespace: "Microsoft.Authorization",
  types: {
    roleAssignments: {
      kind: "extension",
      apiVersions: ["2015-07-01", "2018-09-01-preview", "2020-04-01-preview", "2022-04-01", "2026-08-01"],
    },
    roleDefinitions: {
      kind: "extension",
      apiVersions: ["2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview"],
    },
    permissions: { kind: "query", apiVersions: ["2015-07-01", "2022-04-01"] },
    denyAssignments: { kind: "query", apiVersions: ["2018-07-01-preview", "2022-04-01"] },
    locks: { kind: "extension", apiVersions: ["2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"] },
    policyAssignments: {
      kind: "extension",
      apiVersions: POLICY_VERSIONS,
    },
    policyDefinitions: {
      kind: "query",
      apiVersions: POLICY_VERSIONS,
    },
  },
  routes: [
    ...policyDefinitionRoutes,
    ...roleAssignmentRoutes,
    ...roleDefinitionRoutes,
    ...permissionRoutes,
    ...denyAssignmentRoutes,
    ...lockRoutes,
    ...policyAssignmentRoutes,
  ],
});
