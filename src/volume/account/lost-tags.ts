/**
 * Our own tags that somebody has taken from an account (`az tag update --operation replace`, Terraform `tags =`) and that the
 * account's own name proves: it is the hash of what they say. The stories see the account with them; what a tag still says
 * is never overruled.
 */
import { findByName } from "../../text/members.ts";
import { type AccountTags, decodeAccountTags, encodeAccountTags, encodeSingleTags } from "../formats/account-tags.ts";
import { accountId } from "../formats/arm-ids.ts";
import { decodeMetadata } from "../formats/file-system-metadata.ts";
import { accountName, isAccountName } from "../names.ts";
import type { Account, FileSystem, Settings } from "../ports.ts";
import { belongingOf, clusterOfAccount, isMarked } from "./ownership.ts";

/** What is in an account, with metadata as ARM shows it, or empty where it is not known. */
export type Contents = readonly Pick<FileSystem, "ref" | "metadata">[];

/** What an account's name was computed from, and as much as is known of whom the account serves. */
export type ProvenTags = Pick<AccountTags, "clusterId" | "pool" | "shard" | "attempt"> & Partial<AccountTags>;

/**
 * Whether our tags are missing in an account whose name has our form, and none names another cluster. The UID of a namespace
 * is not among them: it follows from nothing.
 */
export function lacksTags({ ref, tags }: Account, settings: Settings): boolean {
  const { clusterId, pool, shard, attempt, isolation, namespace, fileSystem } = decodeAccountTags(tags);
  const owner = { namespace, volume: fileSystem, pool: "" }[isolation ?? ""];
  const isOthers = clusterId !== undefined && !clusterIdsOf(settings).has(clusterId);
  return (
    isAccountName(ref.name) && !isOthers && [clusterId, pool, shard, attempt, isolation, owner].includes(undefined)
  );
}

/** The ids under which accounts may be ours by name; whether they are by their mark, the tags decide. */
export function clusterIdsOf(settings: Settings): ReadonlySet<string> {
  return new Set([settings, ...settings.alsoOwns].map(({ clusterId }) => clusterId));
}

/** Whether the account was made for a namespace and does not say any more for which UID: none may inherit it then. */
export function lacksNamespaceUid({ tags }: Account): boolean {
  const { isolation, namespaceUid } = decodeAccountTags(tags);
  return isolation === "namespace" && namespaceUid === undefined;
}

/**
 * The account with those of the tags that are missing, which `lostTags` names; unchanged when none is, undefined when its
 * name does not follow from them or a tag says something else.
 */
export function withProvenTags(account: Account, { clusterUid: _, ...proven }: ProvenTags): Account | undefined {
  if (account.ref.name !== accountName(proven)) return undefined;
  const entries = Object.entries(encodeAccountTags(proven));
  const stated = entries.map(([name, value]) => ({ name, value, says: findByName(account.tags, name) }));
  if (stated.some(({ value, says }) => says !== undefined && says !== value)) return undefined;
  const lost = Object.fromEntries(
    stated.filter(({ says }) => says === undefined).map(({ name, value }) => [name, value]),
  );
  if (Object.keys(lost).length === 0) return account;
  return { ...account, tags: { ...account.tags, ...lost }, lostTags: { ...account.lostTags, ...lost } };
}

/**
 * The tag with the cluster's mark that should be put back too: where everything in the account states one mark, which is
 * ours. It makes the account no more ours than it is, since a workload can write metadata.
 */
export function statedMark(account: Account, contents: Contents, settings: Settings): Record<string, string> {
  const { clusterId } = clusterOfAccount(account);
  const [clusterUid, ...others] = new Set(contents.map(({ metadata }) => decodeMetadata(metadata).clusterUid));
  if (isMarked(account) || clusterUid === undefined || others.length > 0) return {};
  return belongingOf({ clusterId, clusterUid }, settings) === undefined ? {} : encodeSingleTags({ clusterUid });
}

/** The command that puts back what is known to be lost, beside whatever others have put there. */
export function restoringCommand({ ref, lostTags = {} }: Account, more: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries({ ...lostTags, ...more }).map(([name, value]) => `${name}=${value}`);
  return `az tag update --operation merge --resource-id '${accountId(ref)}' --tags ${pairs.join(" ")}`;
}

/** What to do about an account that lost tags, with what cannot be known here. */
export function restoringAdvice(account: Account): string {
  const { isolation } = decodeAccountTags(account.tags);
  const unknown = isolation === undefined ? Object.keys(encodeSingleTags({ isolation: "" })) : [];
  const uid = lacksNamespaceUid(account) ? Object.keys(encodeSingleTags({ namespaceUid: "" })) : [];
  const missing = [...unknown, ...uid].map((tag) => `; ${tag} is missing too, and nothing here states its value`);
  return `${restoringCommand(account)}${missing.join("")}`;
}
