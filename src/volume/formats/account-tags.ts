/**
 * The tags by which a storage account is recognised. They hold what the account's name is computed from, so that a reader
 * can recompute it; only the controller and administrators can change them. docs/explanation/names.md lists every tag.
 */
import { findByName, withoutUndefined } from "../../text/members.ts";

/** Begins the name of every tag that we set: a class must not set one. */
export const TAG_PREFIX = "keyless-csi.";

/** Raised only together with a migration. */
const FORMAT = "1";

const NAMES = {
  format: `${TAG_PREFIX}format`,
  clusterId: `${TAG_PREFIX}cluster`,
  clusterUid: `${TAG_PREFIX}cluster-uid`,
  pool: `${TAG_PREFIX}pool`,
  shard: `${TAG_PREFIX}shard`,
  attempt: `${TAG_PREFIX}attempt`,
  isolation: `${TAG_PREFIX}isolation`,
  namespace: `${TAG_PREFIX}namespace`,
  namespaceUid: `${TAG_PREFIX}namespace-uid`,
  fileSystem: `${TAG_PREFIX}volume`,
} as const;

/** The one tag that an administrator sets to give an account to a cluster. */
export const CLUSTER_TAG = NAMES.clusterId;
/** The tag that marks an account: set by us on each that we make, and by an administrator on any other. */
export const CLUSTER_UID_TAG = NAMES.clusterUid;

/** What a new account is tagged with. */
export interface AccountTags {
  readonly clusterId: string;
  /** UID of the cluster's namespace kube-system, which nobody types; absent without Kubernetes. In no name. */
  readonly clusterUid?: string;
  /** Hash of the pool key. */
  readonly pool: string;
  readonly shard: number;
  readonly attempt: number;
  readonly isolation: string;
  /** With isolation `namespace`. */
  readonly namespace?: string;
  /** With isolation `namespace`: a namespace recreated under its old name has another UID and must not inherit the account. */
  readonly namespaceUid?: string;
  /** With isolation `volume`: the file system that the account was made for. A file system's name needs no escaping. */
  readonly fileSystem?: string;
}

/** All tags of an account, also of one of which not everything is known. */
export function encodeAccountTags(tags: Partial<AccountTags>): Record<string, string> {
  return { [NAMES.format]: FORMAT, ...encodeSingleTags(tags) };
}

/** Only these tags, without the format's. */
export function encodeSingleTags(tags: Partial<AccountTags>): Record<string, string> {
  const stated = Object.entries(withoutUndefined(tags));
  return Object.fromEntries(stated.map(([field, value]) => [NAMES[field as keyof AccountTags], String(value)]));
}

/** Of tags that were read before: each volume asks several times of an account that stays the same for minutes. */
const decoded = new WeakMap<object, Partial<AccountTags>>();

/** What an account's tags say; a field is absent when its tag is missing or cannot be read. */
export function decodeAccountTags(tags: Readonly<Record<string, string>>): Partial<AccountTags> {
  const known = decoded.get(tags) ?? decode(tags);
  decoded.set(tags, known);
  return known;
}

function decode(tags: Readonly<Record<string, string>>): Partial<AccountTags> {
  const text = (field: keyof AccountTags) => findByName(tags, NAMES[field]);
  return withoutUndefined({
    clusterId: text("clusterId"),
    clusterUid: text("clusterUid"),
    pool: text("pool"),
    shard: wholeNumber(text("shard")),
    attempt: wholeNumber(text("attempt")),
    isolation: text("isolation"),
    namespace: text("namespace"),
    namespaceUid: text("namespaceUid"),
    fileSystem: text("fileSystem"),
  });
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}
