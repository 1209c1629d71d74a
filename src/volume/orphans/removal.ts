/**
 * Removes what `orphans` has found, one by one: each is checked again right before, and goes through the same checks
 * as DeleteVolume.
 */
import { DriverError } from "../../errors.ts";
import { needsOwner, removeAllIn, removeUnlessVanished } from "../access/vanished.ts";
import { cleanUpEmptied } from "../account/emptied-account.ts";
import { lacksTags, withProvenTags } from "../account/lost-tags.ts";
import { isOursOrGiven } from "../account/ownership.ts";
import { deleteVolume } from "../delete.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import type { Account, RoleAssignment, Settings } from "../ports.ts";
import { whyUnneeded } from "./accounts.ts";
import { type ClusterReferences, readClusterReferences } from "./cluster-references.ts";
import { whyUnused } from "./credentials.ts";
import type {
  Orphan,
  OrphanedAccount,
  OrphanedCredential,
  OrphanedFileSystem,
  OrphanedRoleAssignment,
} from "./orphan.ts";

/** `"spared"`: it is needed after all, or kept on purpose. */
export type Outcome = "removed" | "spared";

const NO_GUARD = { release: async () => {} };

/** What the cluster needs, never older than this when something is removed. */
const REFERENCES_AGE_MS = 10_000;

export interface OrphanRemovalOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** A file system that holds anything stays, and the removal throws InUse. Default: it goes with what it holds. */
  readonly onlyEmpty?: boolean;
}

/** A way to remove orphans. Throws Misconfigured without Kubernetes. */
export function createOrphanRemoval(
  deps: Dependencies,
  { now, onlyEmpty = false }: OrphanRemovalOptions,
): (orphan: Orphan) => Promise<Outcome> {
  if (!deps.ports.cluster.isConnected) {
    throw new DriverError(
      "Misconfigured",
      "without Kubernetes nothing is deleted, since nobody can say what is still needed: use --kubernetes=on or --kubeconfig",
    );
  }
  let known: { readonly references: ClusterReferences; readonly at: number } | undefined;
  const readReferences = async (): Promise<ClusterReferences> => {
    if (known === undefined || now() - known.at > REFERENCES_AGE_MS) {
      const at = now();
      known = { references: await readClusterReferences(deps), at };
    }
    return known.references;
  };
  return async (orphan) => {
    const references = await readReferences();
    switch (orphan.kind) {
      case "file system":
        return await removeFileSystem(deps, orphan, { references, onlyEmpty });
      case "account":
        return await removeAccount(deps, orphan, references);
      case "role assignment":
        return await removeRoleAssignment(deps, orphan, references);
      case "credential":
        return await removeCredential(deps, orphan, references);
    }
  };
}

async function removeFileSystem(
  deps: Dependencies,
  { fileSystem, isRetained }: OrphanedFileSystem,
  { references, onlyEmpty }: { readonly references: ClusterReferences; readonly onlyEmpty: boolean },
): Promise<Outcome> {
  if (isRetained || references.referencesFileSystem(fileSystem.name)) return "spared";
  const guard = onlyEmpty ? await deps.ports.fileSystems.guardContents(fileSystem) : NO_GUARD;
  if (guard === undefined) return "spared";
  try {
    await deleteVolume(deps, deps.backend.toVolumeId(fileSystem));
  } finally {
    await guard.release();
  }
  return "removed";
}

async function removeAccount(
  deps: Dependencies,
  { account }: OrphanedAccount,
  references: ClusterReferences,
): Promise<Outcome> {
  const { accounts, fileSystems } = deps.ports;
  const { ref } = account;
  const found = await accounts.find(ref);
  if (found === undefined) return "removed";
  const current = withTagsOf(found, account, deps.settings);
  if ((await whyUnneeded(deps, current, references)) === undefined) return "spared";
  if (await fileSystems.existIn(ref)) return "spared";
  assertNoneLeft(await removeAllIn(deps, current.ref));
  // Again: what was created while the role assignments were removed must not be deleted with the account.
  if (await fileSystems.existIn(ref)) return "spared";
  await accounts.remove(ref);
  return "removed";
}

/** What the survey has proven of an account that lost its tags. */
function withTagsOf(account: Account, { tags }: Account, settings: Settings): Account {
  const { clusterId = "", pool = "", shard = 0, attempt = 0, ...more } = decodeAccountTags(tags);
  const proven = { ...more, clusterId, pool, shard, attempt };
  return (lacksTags(account, settings) && withProvenTags(account, proven)) || account;
}

async function removeRoleAssignment(
  deps: Dependencies,
  { roleAssignment }: OrphanedRoleAssignment,
  references: ClusterReferences,
): Promise<Outcome> {
  const { ports, settings, backend } = deps;
  const scope = backend.parseScope(roleAssignment.scope);
  if (scope === undefined) return "spared";
  const account = await ports.accounts.find(scope.account);
  // Another cluster may have made it since.
  if (account !== undefined && !isOursOrGiven(account, settings)) return "spared";
  if (account !== undefined && scope.fileSystem === undefined) {
    await cleanUpEmptied(deps, account, { assignments: [roleAssignment] });
    const left = await ports.roleAssignments.find(roleAssignment.scope, roleAssignment.name);
    return left === undefined ? "removed" : "spared";
  }
  const fileSystem = { account: scope.account, name: scope.fileSystem ?? "" };
  const isGone = account === undefined || (await ports.fileSystems.find(fileSystem)) === undefined;
  if (isGone) assertNoneLeft(await removeUnlessVanished(deps, [roleAssignment]));
  else if (!settings.retainsOnDelete || references.referencesFileSystem(fileSystem.name)) return "spared";
  else await deleteVolume(deps, backend.toVolumeId(fileSystem));
  return "removed";
}

function assertNoneLeft(left: readonly RoleAssignment[]): void {
  if (left.length > 0) throw needsOwner(left);
}

async function removeCredential(
  deps: Dependencies,
  { credential }: OrphanedCredential,
  references: ClusterReferences,
): Promise<Outcome> {
  if ((await whyUnused(deps, credential, references)) === undefined) return "spared";
  await deps.ports.identities.removeCredential(credential);
  return "removed";
}
