/**
 * How this controller writes trust in a ServiceAccount: the subject of a federated credential, the credential's name, and
 * the tag by which an identity's owner lists who may use it.
 */

import { findByName } from "../../text/members.ts";
import { hashOf } from "../names.ts";
import type { Trust } from "../ports.ts";
import { TAG_PREFIX } from "./account-tags.ts";

/** A ServiceAccount of the claim's namespace. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Kubernetes: the subject of a ServiceAccount's token. */
export function encodeSubject({ namespace, serviceAccount }: ServiceAccountRef): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

export function decodeSubject(subject: string): ServiceAccountRef | undefined {
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject) ?? [];
  return namespace === undefined || serviceAccount === undefined ? undefined : { namespace, serviceAccount };
}

/** Name of the federated credential that states this trust; 3 to 120 letters, digits, hyphens and underscores. */
export function credentialName({ issuer, subject, audience }: Trust): string {
  return `keyless-csi-${hashOf([issuer, subject, audience]).slice(0, 40)}`;
}

/** Name of the tag that lists who may use an identity: one for each cluster, since namespaces repeat between clusters. */
export function trustTag(issuer: string): string {
  return `${TAG_PREFIX}${hashOf(issuer).slice(0, 16)}`;
}

/** Whether the tag lists `namespace/serviceaccount`, separated by commas or spaces; `namespace/*` lists a whole namespace. */
export function isListedIn(
  tags: Readonly<Record<string, string>>,
  issuer: string,
  { namespace, serviceAccount }: ServiceAccountRef,
): boolean {
  const entries = (findByName(tags, trustTag(issuer)) ?? "").split(/[\s,]+/);
  return entries.includes(`${namespace}/${serviceAccount}`) || entries.includes(`${namespace}/*`);
}
