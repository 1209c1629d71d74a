// The contract's cloud on a real subscription, from the environment; see docs/how-to/prove-on-azure.md.
import { readFile } from "node:fs/promises";
import { DefaultAzureCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { type Cloud, connect } from "./cloud.ts";

/** Names a file with a token of an issuer that Entra can reach. */
export const ASSERTION_VARIABLE = "KEYLESS_CSI_LIVE_ASSERTION_FILE";

/** Rejects with everything that the environment lacks, and when the resource group cannot be read. */
export async function connectLive(environment: NodeJS.ProcessEnv): Promise<Cloud> {
  const needed = ["AZURE_SUBSCRIPTION_ID", "KEYLESS_CSI_LIVE_RESOURCE_GROUP"];
  const missing = needed.filter((name) => !environment[name]);
  if (missing.length > 0) throw new Error(`to run the contract on Azure, set ${missing.join(" and ")}`);
  const subscriptionId = environment["AZURE_SUBSCRIPTION_ID"] ?? "";
  const resourceGroup = environment["KEYLESS_CSI_LIVE_RESOURCE_GROUP"] ?? "";
  const otherCloud = environment["KEYLESS_CSI_LIVE_ARM_ENDPOINT"];
  const armEndpoint = otherCloud ?? "https://management.azure.com";
  const armScope = `${armEndpoint}/.default`;
  // Public instance discovery does not know the authorities of private clouds.
  const credential = new DefaultAzureCredential({ disableInstanceDiscovery: otherCloud !== undefined });
  const { token } = await credential.getToken(armScope);
  const group = `${armEndpoint}/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}?api-version=2021-04-01`;
  const answer = await fetch(group, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`resource group ${resourceGroup}: ${answer.status} ${await answer.text()}`);
  const { location } = (await answer.json()) as { location: string };
  const file = environment[ASSERTION_VARIABLE];
  return connect({
    kind: "live",
    armEndpoint,
    armScope,
    subscriptionId,
    resourceGroup,
    location,
    credential,
    authorityHost: (environment["AZURE_AUTHORITY_HOST"] ?? "https://login.microsoftonline.com").replace(/\/$/, ""),
    tenantId: String(decodeJwt(token)["tid"]),
    ...(file === undefined ? {} : { assertion: async () => (await readFile(file, "utf8")).trim() }),
  });
}
