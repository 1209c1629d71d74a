/** The resource providers of this ARM, in the order in which their routes are tried. */
import { authorizationProvider } from "./authorization/provider.ts";
import { managedIdentityProvider } from "./managed-identity/provider.ts";
import { policyInsightsProvider } from "./policy-insights/provider.ts";
import type { Provider } from "./provider.ts";
import { resourcesProvider } from "./resources/provider.ts";
import { storageProvider } from "./storage/provider.ts";

export const PROVIDERS: readonly Provider[] = [
  storageProvider,
  authorizationProvider,
  managedIdentityProvider,
  policyInsightsProvider,
  resourcesProvider,
];
