/** The operator's decisions in the form in which `volume/` reads them. */
import type { Backend } from "../backend/backend.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { defaultRoles } from "../volume/default-roles.ts";
import type { Settings } from "../volume/ports.ts";

/** `clusterUid`: the cluster's mark, undefined without Kubernetes. */
export function toSettings(config: ControllerConfig, backend: Backend, clusterUid: string | undefined): Settings {
  const { cloud, clusterId, alsoOwns, subscriptionId, resourceGroup, location, tenantId } = config;
  const isPublic = cloud.name === "AzurePublic";
  // blobfuse2 validates any other authority at the public one, which knows only Microsoft's own clouds.
  const hasKnownAuthority = !isPublic && cloud.isPublicAuthority;
  return {
    clusterId,
    ...(clusterUid !== undefined && { clusterUid }),
    alsoOwns,
    subscriptionId,
    resourceGroup,
    location,
    tenantId,
    allowedResourceGroups: config.allowedResourceGroups,
    overflow: config.overflow,
    ...rolesOf(config, backend),
    tenantOfSubscription: Object.fromEntries(
      config.storageTenants.map((each) => [each.subscriptionId.toLowerCase(), each.tenantId]),
    ),
    tokenAudience: config.tokenAudience,
    managesFederatedCredentials: config.managesFederatedCredentials,
    allowedNamespaces: config.allowedNamespaces,
    retainsOnDelete: config.onDelete === "retain",
    repairsDrift: config.repairsDrift,
    mountChecks: config.mountChecks,
    driverName: config.driverName,
    nodeDriver: config.nodeDriver,
    ...(!isPublic && { storageEndpointSuffix: cloud.storageSuffix }),
    ...(hasKnownAuthority && { aadEndpoint: cloud.authorityHost }),
  };
}

function rolesOf(
  { roles: [roleId, ...formerRoleIds], ...prefixes }: ControllerConfig,
  backend: Backend,
): Pick<Settings, "roleId" | "earlierRoleId" | "formerRoleIds" | "rolePrefix"> {
  if (roleId !== undefined) return { roleId, formerRoleIds };
  return defaultRoles((prefix) => backend.dataRoleId(prefix), prefixes);
}
