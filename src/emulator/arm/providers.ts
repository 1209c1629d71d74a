/** All operations of the ARM service, in one list: earlier ones win. */

import { lockRoutes } from "./authorization/locks.ts";
import { permissionRoutes } from "./authorization/permissions.ts";
import { roleAssignmentRoutes } from "./authorization/role-assignments/routes.ts";
import { roleDefinitionRoutes } from "./authorization/role-definitions/routes.ts";
import type { AsyncOperations } from "./front-door/async-operations.ts";
import type { Route } from "./front-door/route-table.ts";
import { federatedCredentialRoutes } from "./managed-identity/federated-credentials.ts";
import { identityRoutes } from "./managed-identity/identities.ts";
import { providerRoutes } from "./resources/registrations.ts";
import { resourceGroupRoutes } from "./resources/resource-groups.ts";
import { resourceRoutes } from "./resources/resources.ts";
import { subscriptionRoutes } from "./resources/subscriptions.ts";
import { accountQuestionRoutes } from "./storage/accounts/queries.ts";
import { storageAccountRoutes } from "./storage/accounts/routes.ts";
import { blobServiceRoutes } from "./storage/blob-services.ts";
import { providerQuestionRoutes } from "./storage/catalogue.ts";
import { immutabilityRoutes } from "./storage/containers/immutability.ts";
import { containerLeaseRoutes } from "./storage/containers/lease.ts";
import { containerListRoutes } from "./storage/containers/list.ts";
import { containerRoutes } from "./storage/containers/routes.ts";

/** Every route; those of accounts share the operations that they begin and poll. */
export function createRoutes(operations: AsyncOperations): Route[] {
  return [
    ...storageAccountRoutes(operations),
    ...accountQuestionRoutes,
    ...blobServiceRoutes,
    ...containerRoutes,
    ...containerListRoutes,
    ...containerLeaseRoutes,
    ...immutabilityRoutes,
    ...roleAssignmentRoutes,
    ...roleDefinitionRoutes,
    ...permissionRoutes,
    ...lockRoutes,
    ...identityRoutes,
    ...federatedCredentialRoutes,
    ...resourceGroupRoutes,
    ...resourceRoutes,
    ...subscriptionRoutes,
    ...providerQuestionRoutes,
    ...providerRoutes,
  ];
}
