/** Who is to open a static volume: the identity of a ServiceAccount, if that identity trusts it. Nothing is written. */
import type { Dependencies } from "../dependencies.ts";
import { credentialName, type ServiceAccountRef } from "../formats/federated-credential.ts";
import { assertTenant, findAnnotated } from "../identity/identity.ts";
import { assertTrust, trustIn } from "../identity/trust.ts";
import type { Trust, UserAssignedIdentity } from "../ports.ts";
import { type Finding, look } from "./finding.ts";

/** The identity, as far as it was found; `findings` say what is wrong with it. */
export async function findWorkload(
  deps: Dependencies,
  serviceAccount: ServiceAccountRef,
  subscriptionId: string,
  findings: Finding[],
): Promise<UserAssignedIdentity | undefined> {
  const find = async () => {
    const identity = await findAnnotated(deps.ports, serviceAccount);
    assertTenant(deps.settings, { subscriptionId }, identity);
    return identity;
  };
  const name = `ServiceAccount ${serviceAccount.namespace}/${serviceAccount.serviceAccount}`;
  const identity = await look(findings, find, {
    ok: ({ clientId, principalId }) => `${name} names identity ${clientId} (object id ${principalId})`,
  });
  if (identity === undefined) return undefined;
  const trust = await trustIn(deps, serviceAccount);
  await look(findings, () => assertTrust(deps, identity, trust), {
    ok: () => `the identity trusts ${trust.subject} of issuer ${trust.issuer}`,
    command: toTrustCommand(identity, trust),
  });
  return identity;
}

function toTrustCommand({ id }: UserAssignedIdentity, trust: Trust): readonly string[] {
  const [, subscriptionId = "", group = "", name = ""] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/.*\/([^/]+)$/i.exec(id) ?? [];
  return [
    `az identity federated-credential create --name ${credentialName(trust)}`,
    `--subscription ${subscriptionId} --resource-group ${group} --identity-name ${name}`,
    `--issuer ${trust.issuer}`,
    `--subject ${trust.subject}`,
    `--audiences ${trust.audience}`,
  ];
}
