/**
 * Who may ask for an identity. Annotations are written by tenants, so they prove nothing: an identity is granted only if
 * it already trusts that very ServiceAccount of this very cluster, or, where the operator lets the controller write the
 * trust, if whoever owns the identity has listed the ServiceAccount in a tag of it.
 */
import { DriverError } from "../errors.ts";
import {
  credentialName,
  encodeSubject,
  isListedIn,
  type ServiceAccountRef,
  trustTag,
} from "./formats/federated-credential.ts";
import type { Ports, Settings, Trust, UserAssignedIdentity } from "./ports.ts";

/** Throws Misconfigured, with the credential that is missing, when the identity does not trust the ServiceAccount. */
export async function ensureTrust(
  ports: Ports,
  settings: Settings,
  identity: UserAssignedIdentity,
  who: ServiceAccountRef,
): Promise<void> {
  const issuer = await ports.cluster.issuer();
  const subject = encodeSubject(who);
  const trust = { issuer, subject, audience: settings.tokenAudience };
  if (await ports.identities.trusts(identity, trust)) return;
  if (settings.managesFederatedCredentials && isListedIn(identity.tags, issuer, who)) {
    await ports.identities.addTrust(identity, trust, credentialName(trust));
    return;
  }
  throw new DriverError("Misconfigured", refusal(identity, trust, settings));
}

function refusal(identity: UserAssignedIdentity, trust: Trust, settings: Settings): string {
  const tag = settings.managesFederatedCredentials
    ? `, or list the ServiceAccount in the identity's tag ${trustTag(trust.issuer)}`
    : "";
  return (
    `identity ${identity.clientId} does not trust ${trust.subject}: whoever owns the identity must add a federated credential ` +
    `with issuer ${trust.issuer}, subject ${trust.subject} and audience ${trust.audience}${tag}`
  );
}
