/**
 * Who may ask for an identity. Annotations are written by tenants, so they prove nothing: an identity is granted only if
 * it already trusts that very ServiceAccount of this very cluster, or, where the operator lets the controller write the
 * trust, if whoever owns the identity has listed the ServiceAccount in a tag of it.
 */
import { DriverError } from "../errors.ts";
import { hashOf } from "./names.ts";
import type { Ports, Settings, Trust, UserAssignedIdentity } from "./ports.ts";

/** A ServiceAccount of the claim's namespace. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Name of the tag that lists who may have an identity: one for each cluster, since names repeat between clusters. */
export function trustTag(issuer: string): string {
  return `keyless-csi.${hashOf(issuer).slice(0, 16)}`;
}

/** Name of the federated credential that says this; 3 to 120 letters, digits, hyphens and underscores. */
export function trustName(trust: Trust): string {
  return `keyless-csi-${hashOf([trust.issuer, trust.subject, trust.audience]).slice(0, 40)}`;
}

/** Throws Misconfigured, with the credential that is missing, when the identity does not trust the ServiceAccount. */
export async function ensureTrust(
  ports: Ports,
  settings: Settings,
  identity: UserAssignedIdentity,
  who: ServiceAccountRef,
): Promise<void> {
  const issuer = await ports.cluster.issuer();
  const subject = `system:serviceaccount:${who.namespace}:${who.serviceAccount}`;
  const trust = { issuer, subject, audience: settings.tokenAudience };
  if (await ports.identities.trusts(identity, trust)) return;
  if (settings.managesFederatedCredentials && isListed(identity.tags[trustTag(issuer)] ?? "", who)) {
    await ports.identities.addTrust(identity, trust, trustName(trust));
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

/** `namespace/serviceaccount`, separated by commas or spaces; `namespace/*` for every one of a namespace. */
function isListed(tag: string, { namespace, serviceAccount }: ServiceAccountRef): boolean {
  const entries = tag.split(/[\s,]+/);
  return entries.includes(`${namespace}/${serviceAccount}`) || entries.includes(`${namespace}/*`);
}
