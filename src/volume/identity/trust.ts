/**
 * Which ServiceAccounts may use an identity. Annotations are written by tenants, so they prove nothing: an identity is
 * granted access only if it already trusts that very ServiceAccount of this very cluster, or, where the operator lets the
 * controller write the trust, if the identity's owner has listed the ServiceAccount in a tag of it.
 */
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import {
  credentialName,
  encodeSubject,
  isListedIn,
  type ServiceAccountRef,
  trustTag,
} from "../formats/federated-credential.ts";
import type { Settings, Trust, UserAssignedIdentity } from "../ports.ts";

/** Throws Misconfigured, with the credential that is missing, when the identity does not trust the ServiceAccount. */
export async function ensureTrust(
  { ports, settings }: Dependencies,
  identity: UserAssignedIdentity,
  serviceAccount: ServiceAccountRef,
): Promise<void> {
  const trust = await trustIn({ ports, settings }, serviceAccount);
  if (await ports.identities.trusts(identity, trust)) return;
  if (settings.managesFederatedCredentials && isListedIn(identity.tags, trust.issuer, serviceAccount)) {
    await ports.identities.addTrust(identity, trust, credentialName(trust));
    return;
  }
  throw new DriverError("Misconfigured", refusal(identity, trust, settings));
}

/** What a federated credential for this ServiceAccount of this cluster states. */
export async function trustIn(
  { ports, settings }: Pick<Dependencies, "ports" | "settings">,
  serviceAccount: ServiceAccountRef,
): Promise<Trust> {
  const issuer = await ports.cluster.issuer();
  return { issuer, subject: encodeSubject(serviceAccount), audience: settings.tokenAudience };
}

/** Throws as `ensureTrust`, and writes nothing. */
export async function assertTrust(
  { ports, settings }: Pick<Dependencies, "ports" | "settings">,
  identity: UserAssignedIdentity,
  trust: Trust,
): Promise<void> {
  if (await ports.identities.trusts(identity, trust)) return;
  throw new DriverError("Misconfigured", refusal(identity, trust, { ...settings, managesFederatedCredentials: false }));
}

function refusal(identity: UserAssignedIdentity, trust: Trust, settings: Settings): string {
  const tag = settings.managesFederatedCredentials
    ? `, or list the ServiceAccount in the identity's tag ${trustTag(trust.issuer)}`
    : "";
  return (
    `identity ${identity.clientId} does not trust ${trust.subject}: the identity's owner must add a federated credential ` +
    `with issuer ${trust.issuer}, subject ${trust.subject} and audience ${trust.audience}${tag}`
  );
}
