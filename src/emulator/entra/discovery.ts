/** Entra's discovery documents: instance discovery and OpenID configuration. */
import type { EndpointVersion } from "./token-endpoint.ts";

/** The clouds of Microsoft as instance discovery lists them; all aliases of an entry are the same cloud. */
const CLOUDS: readonly { network: string; cache: string; aliases: readonly string[] }[] = [
  {
    network: "login.microsoftonline.com",
    cache: "login.windows.net",
    aliases: ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
  },
  {
    network: "login.partner.microsoftonline.cn",
    cache: "login.partner.microsoftonline.cn",
    aliases: ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
  },
  { network: "login.microsoftonline.de", cache: "login.microsoftonline.de", aliases: ["login.microsoftonline.de"] },
  {
    network: "login.microsoftonline.us",
    cache: "login.microsoftonline.us",
    aliases: ["login.microsoftonline.us", "login.usgovcloudapi.net"],
  },
  {
    network: "login-us.microsoftonline.com",
    cache: "login-us.microsoftonline.com",
    aliases: ["login-us.microsoftonline.com"],
  },
];

/**
 * Instance discovery (`/common/discovery/instance`), with which MSAL checks whether it may trust a host. `ownHost` is
 * the emulator's own address (host and port): it vouches for itself. Undefined: the host is not known.
 */
export function instanceDiscovery(authorizationEndpoint: string, ownHost: string): object | undefined {
  const url = URL.parse(authorizationEndpoint);
  if (url === null) return undefined;
  const clouds = CLOUDS.some((cloud) => cloud.aliases.includes(ownHost))
    ? CLOUDS
    : [...CLOUDS, { network: ownHost, cache: ownHost, aliases: [ownHost] }];
  if (!clouds.some((cloud) => cloud.aliases.includes(url.host))) return undefined;
  const tenant = url.pathname.split("/")[1] ?? "common";
  return {
    tenant_discovery_endpoint: `${url.origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: clouds.map(({ network, cache, aliases }) => ({
      preferred_network: network,
      preferred_cache: cache,
      aliases,
    })),
  };
}

/** OpenID configuration. `tenant` is a tenant id, or `{tenantid}` when the client asked for `common` or similar. */
export function openIdConfiguration(
  origin: string,
  tenant: string,
  pathTenant: string,
  version: EndpointVersion,
): object {
  const root = `${origin}/${pathTenant}`;
  const path = version === 1 ? "oauth2" : "oauth2/v2.0";
  const isByName = origin === "https://login.microsoftonline.com";
  return {
    token_endpoint: `${root}/${path}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    jwks_uri: version === 1 ? `${root}/discovery/keys` : `${root}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: version === 1 ? `https://sts.windows.net/${tenant}/` : `${origin}/${tenant}/v2.0`,
    request_uri_parameter_supported: false,
    userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
    authorization_endpoint: `${root}/${path}/authorize`,
    device_authorization_endpoint: `${root}/${path}/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${root}/${path}/logout`,
    claims_supported: ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "ver"],
    tenant_region_scope: isByName ? "EU" : null,
    cloud_instance_name: "microsoftonline.com",
    cloud_graph_host_name: "graph.windows.net",
    msgraph_host: "graph.microsoft.com",
    rbac_url: "https://pas.windows.net",
  };
}
