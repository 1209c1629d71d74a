/** `/metadata/endpoints`: what SDKs and CLIs ask a cloud before sign-in. No token, any api-version. */
import { type Call, OPERATION_HEADER, type Reply } from "../../http/call.ts";
import { queryValue } from "./route-table.ts";

/** The answer when the path is that of the metadata endpoint, else undefined. */
export function metadataReply(call: Call, path: string): Reply | undefined {
  if (path.toLowerCase() !== "/metadata/endpoints" || call.method !== "GET") return undefined;
  const version = queryValue(call, "api-version") ?? "";
  const byName = call.host === "management.azure.com";
  const login = byName ? "https://login.microsoftonline.com" : call.origin;
  const headers = { [OPERATION_HEADER]: "metadata/endpoints" };
  if (version < "2019-05-01") return { status: 200, headers, body: firstShape(call.origin, login) };
  const cloud = cloudShape(call.origin, login, byName);
  return { status: 200, headers, body: version < "2022-09-01" ? [cloud] : cloud };
}

/** Shape of api-version 2015-01-01. */
function firstShape(arm: string, login: string): object {
  return {
    galleryEndpoint: `${arm}/`,
    graphEndpoint: "https://graph.windows.net/",
    portalEndpoint: "https://portal.azure.com/",
    authentication: { loginEndpoint: `${login}/`, audiences: audiences() },
  };
}

/** Shape since 2019-05-01: an array of clouds, and since 2022-09-01 the one cloud. */
function cloudShape(arm: string, login: string, byName: boolean): object {
  return {
    name: byName ? "AzureCloud" : "KeylessEmulator",
    portal: "https://portal.azure.com",
    authentication: {
      loginEndpoint: login,
      audiences: audiences(),
      tenant: "common",
      identityProvider: "AAD",
    },
    resourceManager: arm,
    graph: "https://graph.windows.net/",
    microsoftGraphResourceId: "https://graph.microsoft.com/",
    suffixes: { storage: "core.windows.net", keyVaultDns: "vault.azure.net" },
  };
}

function audiences(): string[] {
  return ["https://management.core.windows.net/", "https://management.azure.com/"];
}
