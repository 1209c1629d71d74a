/** What `keyless-csi doctor` asks of Azure. Reads only, and nothing is remembered longer than the command runs. */
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import type { AzureInspection, Permission, SignedIn, Subscription } from "../../doctor/ports.ts";
import { subscriptionOf } from "../../volume/formats/arm-ids.ts";
import type { ResourceGroupRef } from "../../volume/ports.ts";
import type { Arm } from "../arm.ts";
import { codeOf, statusOf, toDriverError } from "../faults.ts";
import { createHttpClient } from "../http-client.ts";
import { createPolicyInspection, type PolicyInspectionOptions } from "./policies.ts";
import { createSurroundings } from "./surroundings.ts";

export interface InspectionOptions extends PolicyInspectionOptions {
  readonly credential: TokenCredential;
  /** Of tokens for ARM. */
  readonly scope: string;
  /** Milliseconds for an answer without a token. */
  readonly timeoutMs: number;
}

/** An account's name that nobody has: `kl` and what is no base32 behind it. */
const NO_ACCOUNT = "kl0000000000000000000000";

export function createAzureInspection(options: InspectionOptions): AzureInspection {
  const { arm, credential, scope, timeoutMs } = options;
  return {
    ...createSurroundings(arm),
    ...createPolicyInspection(options),
    armEndpoint: arm.endpoint,
    readClock: () => readClock(arm.endpoint, timeoutMs),
    async signIn() {
      try {
        return claimsOf((await credential.getToken(scope))?.token ?? "");
      } catch (error) {
        throw toDriverError(error, "signing in to Azure");
      }
    },
    findSubscription: (subscriptionId) => findSubscription(arm, subscriptionId),
    permissionsAt: (at) => permissionsAt(arm, at),
    probeGroup: (group) => probeGroup(arm, group),
  };
}

/** REST: the metadata of a cloud, which needs no token. */
async function readClock(endpoint: string, timeoutMs: number): Promise<number> {
  const request = createPipelineRequest({
    url: `${endpoint}/metadata/endpoints?api-version=2022-09-01`,
    method: "GET",
    headers: createHttpHeaders(),
    timeout: timeoutMs,
  });
  try {
    const { headers } = await createHttpClient({}).sendRequest(request);
    return Date.parse(headers.get("date") ?? "");
  } catch (error) {
    throw toDriverError(error, `reaching Azure Resource Manager at ${endpoint}`);
  }
}

/** Read without a check of its signature: Entra has just handed it over, and ARM is who believes it. */
function claimsOf(token: string): SignedIn {
  const claims = claimsIn(token);
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name] : undefined);
  const [tenantId, principalId, audience] = [text("tid"), text("oid"), text("aud")];
  if (tenantId === undefined || principalId === undefined || audience === undefined) {
    throw new Error("the token that Entra has issued states no tenant, principal or audience");
  }
  const clientId = text("idtyp") === "user" ? undefined : (text("appid") ?? text("azp"));
  return { tenantId, principalId, audience, ...(clientId !== undefined && { clientId }) };
}

function claimsIn(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}

/** REST: Subscriptions - Get. */
async function findSubscription(arm: Arm, subscriptionId: string): Promise<Subscription | undefined> {
  const path = `/subscriptions/${subscriptionId}`;
  try {
    const { state = "", tenantId } = (await arm.send(subscriptionId, {
      method: "GET",
      path,
      apiVersion: "2022-12-01",
    })) as Partial<Subscription>;
    return { state, ...(tenantId !== undefined && { tenantId }) };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw toDriverError(error, `reading subscription ${subscriptionId}`);
  }
}

/** REST: Permissions - List For Resource Group, and the same at a subscription. */
async function permissionsAt(arm: Arm, scope: string): Promise<readonly Permission[] | "hidden" | "absent"> {
  const path = `${scope}/providers/Microsoft.Authorization/permissions`;
  try {
    const answer = await arm.send(subscriptionOf(scope), { method: "GET", path, apiVersion: "2022-04-01" });
    const { value = [] } = answer as { readonly value?: readonly Partial<Permission>[] };
    return value.map(({ actions = [], notActions = [], condition }) => ({
      actions,
      notActions,
      ...(typeof condition === "string" && { condition }),
    }));
  } catch (error) {
    const status = statusOf(error);
    if (status === 403) return "hidden";
    if (status === 404) return "absent";
    throw toDriverError(error, `listing the permissions at ${scope}`);
  }
}

async function probeGroup(arm: Arm, group: ResourceGroupRef): Promise<"exists" | "absent" | "hidden"> {
  const { subscriptionId, resourceGroup } = group;
  try {
    await arm.subscription(subscriptionId).storage.storageAccounts.getProperties(resourceGroup, NO_ACCOUNT);
    return "exists";
  } catch (error) {
    const code = codeOf(error);
    if (code === "ResourceGroupNotFound" || code === "SubscriptionNotFound") return "absent";
    if (statusOf(error) === 404) return "exists";
    if (statusOf(error) === 403) return "hidden";
    throw toDriverError(error, `looking into resource group ${resourceGroup} of subscription ${subscriptionId}`);
  }
}
