/** Federated credentials of ours by which no ServiceAccount of this cluster has any business with the identity. */
import type { CredentialFinding } from "./finding.ts";
import { credentialName, decodeSubject } from "./formats/federated-credential.ts";
import type { Holders } from "./holders.ts";
import type { Credential, Ports, Settings } from "./ports.ts";

/** None without Kubernetes, nor where this controller writes no credentials: it may not be allowed to read them then. */
export async function findOrphanedCredentials(
  ports: Ports,
  settings: Settings,
  holders: Holders,
): Promise<CredentialFinding[]> {
  if (!ports.cluster.isConnected || !settings.managesFederatedCredentials) return [];
  const issuer = await ports.cluster.issuer();
  const found: CredentialFinding[] = [];
  for (const credential of await ports.identities.listCredentials()) {
    const { identity, name, trust } = credential;
    // By the name that follows from what it says, as only ours do; those of other clusters have another issuer.
    if (name !== credentialName(trust) || trust.issuer !== issuer) continue;
    const because = await whyUnused(ports, credential, holders);
    const id = `${identity.id}/federatedIdentityCredentials/${name}`;
    if (because !== undefined) found.push({ kind: "credential", id, because, credential });
  }
  return found;
}

/**
 * Why nothing uses the credential, or undefined when something does or may. A volume that was made for the identity is
 * mounted with it until the volume goes, whatever its ServiceAccount is annotated with since.
 */
export async function whyUnused(
  { cluster }: Ports,
  { identity, trust }: Credential,
  holders: Holders,
): Promise<string | undefined> {
  const subject = decodeSubject(trust.subject);
  if (subject === undefined) return undefined;
  const { namespace, serviceAccount } = subject;
  if (holders.needIdentity(identity.clientId, namespace)) return undefined;
  const clientId = await cluster.findClientId(namespace, serviceAccount);
  if (clientId === undefined) return `ServiceAccount ${namespace}/${serviceAccount} does not exist`;
  if (clientId.toLowerCase() === identity.clientId.toLowerCase()) return undefined;
  return `ServiceAccount ${namespace}/${serviceAccount} does not name this identity any more`;
}
