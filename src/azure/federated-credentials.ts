/** Federated credentials of user-assigned identities through ARM: which ServiceAccount tokens an identity accepts. */
import { DriverError } from "../errors.ts";
import { CREDENTIALS_PER_IDENTITY } from "../text/azure-limits.ts";
import type { Credential, Trust, UserAssignedIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";
import { intending } from "./intent.ts";
import { findRefusal } from "./refusals/codes.ts";

/** What the identity trusts. Azure allows exactly one audience in each. */
export async function listCredentials(arm: Arm, identity: UserAssignedIdentity): Promise<Credential[]> {
  const { client, resourceGroup, name } = locate(arm, identity);
  try {
    const found: Credential[] = [];
    for await (const { name: credential = "", issuer, subject, audiences } of client.list(resourceGroup, name)) {
      const [audience] = audiences ?? [];
      if (issuer === undefined || subject === undefined || audience === undefined) continue;
      found.push({ identity, name: credential, trust: { issuer, subject, audience } });
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
  const { client, resourceGroup, name } = locate(arm, identity);
  try {
    const body = { issuer, subject, audiences: [audience] };
    const write = () => client.createOrUpdate(resourceGroup, name, credentialName, body);
    await intending({ principalId: identity.principalId }, write);
  } catch (error) {
    const failure = toDriverError(error, `writing federated credential ${credentialName} of ${identity.id}`);
    // Azure documents no code for the limit. A policy, a lock or a missing right is reported as what it is.
    const mayBeLimit = [400, 403, 409].includes(statusOf(error) ?? 0) && findRefusal(codeOf(error) ?? "") === undefined;
    if (mayBeLimit && (await listCredentials(arm, identity).catch(() => [])).length >= CREDENTIALS_PER_IDENTITY) {
      throw new DriverError(
        "QuotaExhausted",
        `identity ${identity.id} has ${CREDENTIALS_PER_IDENTITY} federated credentials, Azure's limit: remove one that is not needed ` +
          `(\`keyless-csi orphans\` finds ours), or use another identity for ${subject}`,
        { cause: error },
      );
    }
    throw failure;
  }
}

/** What is already gone counts as removed. */
export async function deleteCredential(arm: Arm, { identity, name: credentialName }: Credential): Promise<void> {
  const { client, resourceGroup, name } = locate(arm, identity);
  try {
    const remove = () => client.delete(resourceGroup, name, credentialName);
    await intending({ principalId: identity.principalId }, remove);
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw toDriverError(error, `removing federated credential ${credentialName} of ${identity.id}`);
  }
}

/** `/subscriptions/<s>/resourcegroups/<g>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>` */
function locate(arm: Arm, { id }: UserAssignedIdentity) {
  const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = id.split("/");
  return { client: arm.subscription(subscriptionId).identity.federatedIdentityCredentials, resourceGroup, name };
}
