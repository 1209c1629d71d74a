/** All operations of the ARM service, in one list: earlier ones win. */
import { accountQuestionRoutes } from "./account-questions.ts";
import type { AsyncOperations } from "./async-operations.ts";
import { blobServiceRoutes } from "./blob-services.ts";
import { containerLeaseRoutes } from "./container-lease.ts";
import { containerListRoutes } from "./container-list.ts";
import { containerRoutes } from "./containers.ts";
import { federatedCredentialRoutes } from "./federated-credentials.ts";
import { identityRoutes } from "./identities.ts";
import { immutabilityRoutes } from "./immutability.ts";
import { lockRoutes } from "./locks.ts";
import { permissionRoutes } from "./permissions.ts";
import { providerQuestionRoutes } from "./provider-questions.ts";
import { providerRoutes } from "./providers.ts";
import { resourceGroupRoutes } from "./resource-groups.ts";
import { resourceRoutes } from "./resources.ts";
import { roleAssignmentRoutes } from "./role-assignments.ts";
import { roleDefinitionRoutes } from "./role-definitions.ts";
import type { Route } from "./route.ts";
import { storageAccountRoutes } from "./storage-accounts.ts";
import { subscriptionRoutes } from "./subscriptions.ts";

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
