/** Whether the claims account for what opens a volume: decided by PersistentVolumes, tags and Azure, never by what a workload can write. */
import { isSamePrincipal } from "../access/role-assignments.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import type { Account } from "../ports.ts";
import type { Access, AccessState, Grant, Level, Mount } from "./access.ts";

/** Of a volume that is being created, and of a second identity's, the PersistentVolume comes last. */
const NEW_MS = 3_600_000;

/** What is known beside the grant. */
export interface Case {
  readonly account: Account;
  /** Of this volume. */
  readonly mounts: readonly Mount[];
  /** Of every volume in the account. */
  readonly mountsInAccount: readonly Mount[];
  /** Object ids in lower case. */
  readonly accepted: ReadonlySet<string>;
  /** Object ids, in lower case, of the identities that could be read. */
  readonly readable: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export function judge(grant: Grant, level: Level, known: Case): Access {
  return { ...grant, level, state: stateOf(grant, level, known) };
}

function stateOf(grant: Grant, level: Level, known: Case): AccessState {
  if (known.accepted.has(grant.assignment.principalId.toLowerCase())) return "accepted";
  if (level !== "file system" && level !== "account") return "inherited";
  if (isFor(grant, known.mounts.filter(isInUse), known)) return "expected";
  const isNamespaces = decodeAccountTags(known.account.tags).isolation === "namespace";
  const isShared = level === "account" && grant.isOurs && isNamespaces;
  if (isShared && isFor(grant, known.mountsInAccount.filter(isInUse), known)) return "shared";
  if (isFor(grant, known.mounts, known)) return "released";
  const { createdAtMs } = grant.assignment;
  const isNew = grant.isOurs && createdAtMs !== undefined && known.nowMs - createdAtMs < NEW_MS;
  return isNew ? "new" : "unexpected";
}

/** Where an identity cannot be read, what this controller assigned to a principal that cannot be read either counts as its own. */
function isFor(grant: Grant, mounts: readonly Mount[], { readable }: Case): boolean {
  const { assignment, isOurs } = grant;
  if (mounts.some(({ identity }) => identity !== undefined && isSamePrincipal(identity, assignment))) return true;
  const isUnknown = isOurs && !readable.has(assignment.principalId.toLowerCase());
  return isUnknown && mounts.some(isUnread);
}

/** Whom nothing lets in. In doubt there is access: by a role that cannot be read, under a condition, or inherited. */
export function findMissing(access: readonly Access[], { mounts, readable }: Case): Mount[] {
  const letsIn = access.filter(({ role }) => role === undefined || role.rights.includes("read"));
  return mounts.filter(isInUse).filter(({ clientId, identity }) => {
    if (clientId === undefined) return false;
    if (identity !== undefined) return !letsIn.some(({ assignment }) => isSamePrincipal(identity, assignment));
    return !letsIn.some(({ isOurs, assignment }) => isOurs && !readable.has(assignment.principalId.toLowerCase()));
  });
}

function isInUse({ isReleased }: Mount): boolean {
  return !isReleased;
}

function isUnread({ clientId, identity }: Mount): boolean {
  return clientId !== undefined && identity === undefined;
}
