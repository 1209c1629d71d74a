/** Microsoft.ManagedIdentity: user-assigned identities and their federated credentials. */
import { ARM_TAGS } from "../front-door/tags.ts";
import { defineProvider, tracked } from "../provider.ts";
import { federatedCredentialRoutes } from "./federated-credentials.ts";
import { dropIdentity, identityRoutes } from "./identities.ts";
import { throttleIdentities } from "./limits.ts";

const CREDENTIAL_VERSIONS = [
  "2022-01-31-preview",
  "2023-01-31",
  "2024-11-30",
  "2025-01-31-preview",
  "2025-05-31-preview",
  "2026-04-30",
  "2026-05-31",
];

export const managedIdentityProvider = defineProvider({
  namespace: "Microsoft.ManagedIdentity",
  types: {
    userAssignedIdentities: tracked({
      apiVersions: ["2018-11-30", ...CREDENTIAL_VERSIONS],
      all: (world) => world.identities.values(),
      find: (world, id) => world.identities.get(id),
      tagLimits: ARM_TAGS,
      remove: dropIdentity,
    }),
    "userAssignedIdentities/federatedIdentityCredentials": { kind: "nested", apiVersions: CREDENTIAL_VERSIONS },
  },
  routes: [...identityRoutes, ...federatedCredentialRoutes],
  throttle: throttleIdentities,
});
