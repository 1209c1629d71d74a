/** Our file systems that no PersistentVolume and no claim refers to. */
import * as kubernetes from "../../text/kubernetes-names.ts";
import { accepts } from "../../text/values.ts";
import {
  clusterOfAccount,
  isGiven,
  isLeftToAnother,
  isMarked,
  isVolumeOf,
  listedMarks,
  mayHold,
  namesAnotherMark,
} from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import { recordedSize } from "../file-system-record.ts";
import { decodeMetadata } from "../formats/file-system-metadata.ts";
import type { Account, ClaimRef, FileSystem, Settings } from "../ports.ts";
import { isOldEnough } from "./age.ts";
import type { Inventory, KnownAccount } from "./inventory.ts";
import { type OrphanRules, whyKept } from "./kept.ts";
import type { OrphanedFileSystem } from "./orphan.ts";

export function findOrphanedFileSystems(
  deps: Dependencies,
  { accounts, references }: Inventory,
  rules: OrphanRules,
): OrphanedFileSystem[] {
  const isOrphan = (account: Account, fileSystem: FileSystem) =>
    isOldEnough(fileSystem.modifiedAtMs, rules) &&
    isCertainlyOurs(deps, account, fileSystem) &&
    !references.referencesFileSystem(fileSystem.ref.name);
  return [...accounts.values()].flatMap((known) =>
    known.fileSystems
      .filter((fileSystem) => isOrphan(known.account, fileSystem))
      .map((fileSystem) => describe(deps, known, { fileSystem, rules })),
  );
}

function describe(
  { settings, backend, ports }: Dependencies,
  known: KnownAccount,
  { fileSystem, rules }: { readonly fileSystem: FileSystem; readonly rules: OrphanRules },
): OrphanedFileSystem {
  const { ref, metadata, modifiedAtMs } = fileSystem;
  const isRetained = settings.retainsOnDelete;
  const unneeded = ports.cluster.isConnected
    ? "no PersistentVolume and no claim needs it"
    : "no cluster was asked whether a PersistentVolume or a claim needs it";
  return {
    kind: "file system",
    id: backend.scopeOf(ref),
    because: `${unneeded}${isRetained ? "; retained" : ""}`,
    keptBecause: whyFileSystemKept({ settings, backend }, known, { fileSystem, rules }),
    fileSystem: ref,
    isRetained,
    changedAtMs: modifiedAtMs,
    claim: claimOf(metadata),
    sizeBytes: recordedSize(metadata, backend.size),
  };
}

function whyFileSystemKept(
  { settings, backend }: Pick<Dependencies, "settings" | "backend">,
  { account, fileSystems }: KnownAccount,
  { fileSystem, rules }: { readonly fileSystem: FileSystem; readonly rules: OrphanRules },
): string | undefined {
  const kept = whyKept(clusterOfAccount(account), settings, rules);
  if (kept !== undefined || settings.clusterUid === undefined) return kept;
  if (namesAnotherMark(account, fileSystem.metadata, settings)) return "its metadata carries another cluster's mark";
  // Marking the account has changed nothing about what was in it before.
  const isTold = isMarked(account) && decodeMetadata(fileSystem.metadata).clusterUid !== undefined;
  if (isTold || !isSharedWithAnother({ account, fileSystems }, settings)) return undefined;
  return `another cluster has a ${backend.noun} in its storage account, and no mark proves whose this one is`;
}

/** Whether the metadata of something in the account carries another cluster's mark. */
export function isSharedWithAnother({ account, fileSystems }: KnownAccount, settings: Settings): boolean {
  return fileSystems.some(({ metadata }) => namesAnotherMark(account, metadata, settings));
}

/** Tenants can write metadata, and this is printed: only what can be the name of a claim. */
function claimOf(metadata: FileSystem["metadata"]): ClaimRef | undefined {
  const { claim } = decodeMetadata(metadata);
  const isName = claim && accepts(kubernetes.namespace, claim.namespace) && accepts(kubernetes.claim, claim.name);
  return isName ? claim : undefined;
}

/**
 * In our accounts every file system whose name this driver can have chosen. In a given one others may call theirs
 * `pvc-<uid>` too, so there its metadata must also name this cluster: that can only keep something, never delete more.
 */
function isCertainlyOurs({ settings, backend }: Dependencies, account: Account, fileSystem: FileSystem): boolean {
  if (backend.parseVolumeId(backend.toVolumeId(fileSystem.ref)) === undefined) return false;
  if (isGiven(account, settings)) return isVolumeOf(account, fileSystem, settings, "not ours");
  const isListed = mayHold(account, fileSystem.ref, settings, listedMarks(settings));
  return isListed && !isLeftToAnother(account, fileSystem.metadata, settings);
}
