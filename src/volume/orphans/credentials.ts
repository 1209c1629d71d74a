/** Federated credentials that this controller has written and that no ServiceAccount of this cluster uses any more. */
import type { Dependencies } from "../dependencies.ts";
import { credentialName, decodeSubject } from "../formats/federated-credential.ts";
import type { Credential } from "../ports.ts";
import type { ClusterReferences } from "./cluster-references.ts";
import type { OrphanedCredential } from "./orphan.ts";

/** None without Kubernetes, nor where this controller writes no credentials: it may not be allowed to read them then. */
export async function findOrphanedCredentials(
  deps: Dependencies,
  references: ClusterReferences,
): Promise<OrphanedCredential[]> {
  const { cluster, identities } = deps.ports;
  if (!cluster.isConnected || !deps.settings.managesFederatedCredentials) return [];
  const issuer = await cluster.issuer();
  const found: OrphanedCredential[] = [];
  for (const credential of await identities.listCredentials()) {
    const { identity, name, trust } = credential;
    // Only ours bear the name that is computed from what they state; those of other clusters have another issuer.
    if (name !== credentialName(trust) || trust.issuer !== issuer) continue;
    const because = await whyUnused(deps, credential, references);
    const id = `${identity.id}/federatedIdentityCredentials/${name}`;
    if (because !== undefined) found.push({ kind: "credential", id, because, credential });
  }
  return found;
}

/**
 * Why nothing uses the credential, or undefined when something does or may. A volume that was created for the identity is
 * mounted with it until the volume goes, whatever its ServiceAccount is annotated with since.
 */
export async function whyUnused(
  { ports }: Dependencies,
  { identity, trust }: Credential,
  references: ClusterReferences,
): Promise<string | undefined> {
  const subject = decodeSubject(trust.subject);
  if (subject === undefined) return undefined;
  const { namespace, serviceAccount } = subject;
  if (references.referencesIdentity(identity.clientId, namespace)) return undefined;
  const clientId = await ports.cluster.findClientId(namespace, serviceAccount);
  if (clientId === undefined) return `ServiceAccount ${namespace}/${serviceAccount} does not exist`;
  if (clientId.toLowerCase() === identity.clientId.toLowerCase()) return undefined;
  return `ServiceAccount ${namespace}/${serviceAccount} does not name this identity any more`;
}
