/** Federated credentials of user-assigned identities through ARM: which ServiceAccount tokens an identity accepts. */
import { DriverError } from "../errors.ts";
import type { Trust, UserAssignedIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { toDriverError } from "./faults.ts";

/** Azure's limit for one identity, which cannot be raised. */
const MAX_CREDENTIALS = 20;

/** What the identity trusts. Azure allows exactly one audience in each. */
export async function listCredentials(arm: Arm, identity: UserAssignedIdentity): Promise<Trust[]> {
  const { client, resourceGroup, name } = placeOf(arm, identity);
  try {
    const found: Trust[] = [];
    for await (const { issuer, subject, audiences } of client.list(resourceGroup, name)) {
      const [audience] = audiences ?? [];
      if (issuer !== undefined && subject !== undefined && audience !== undefined)
        found.push({ issuer, subject, audience });
    }
    return found;
  } catch (error) {
    throw toDriverError(error, `listing the federated credentials of ${identity.id}`);
  }
}

/** Throws QuotaExhausted at the limit of 20, with the ways out. */
export async function writeCredential(
  arm: Arm,
  identity: UserAssignedIdentity,
  { issuer, subject, audience }: Trust,
  credentialName: string,
): Promise<void> {
  const { client, resourceGroup, name } = placeOf(arm, identity);
  try {
    await client.createOrUpdate(resourceGroup, name, credentialName, { issuer, subject, audiences: [audience] });
  } catch (error) {
    if ((await listCredentials(arm, identity).catch(() => [])).length >= MAX_CREDENTIALS) {
      throw new DriverError(
        "QuotaExhausted",
        `identity ${identity.id} has ${MAX_CREDENTIALS} federated credentials, Azure's limit: remove one that is not needed ` +
          `(\`keyless-csi orphans\` finds ours), or use another identity for ${subject}`,
        { cause: error },
      );
    }
    throw toDriverError(error, `writing federated credential ${credentialName} of ${identity.id}`);
  }
}

/** `/subscriptions/<s>/resourcegroups/<g>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>` */
function placeOf(arm: Arm, { id }: UserAssignedIdentity) {
  const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = id.split("/");
  return { client: arm.subscription(subscriptionId).identity.federatedIdentityCredentials, resourceGroup, name };
}
