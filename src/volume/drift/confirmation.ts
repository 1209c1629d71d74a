/** Reads by name what a list does not show, so that nothing is reported that a list only lags behind. */

import { inRolesOf } from "../access/own-assignment.ts";
import { ourRoleAssignment } from "../access/role-assignments.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { accountId, accountKey } from "../formats/arm-ids.ts";
import type { Account, RoleAssignment } from "../ports.ts";
import type { BoundVolume } from "./bound-volumes.ts";
import type { Loss } from "./losses.ts";

/** No role assignment lets the identity in that mounts the volume. */
export interface LostAccess {
  readonly what: "access";
  /** What opens it again; undefined where the metadata names several principals, and nothing says which of them mounts it. */
  readonly assignment: RoleAssignment | undefined;
  /** Whether the metadata alone names the principal. */
  readonly isByMetadata: boolean;
}

/** What a volume certainly lacks, as far as single reads say. */
export type CertainLoss = { readonly what: "account" | "file system" } | LostAccess;

/** One round's reads. */
export interface Confirmation {
  /** Undefined: it is there after all, or nothing says that it should be. */
  confirm(volume: BoundVolume, loss: Loss): Promise<CertainLoss | undefined>;
  /** Whether any more may be read in this round. */
  isSpent(): boolean;
}

/** Of the 800 reads in 5 minutes that Azure allows a subscription. */
const READS = 100;

export function createConfirmation(deps: Dependencies): Confirmation {
  const { accounts, fileSystems } = deps.ports;
  let readsLeft = READS;
  const goneAccounts = new Map<string, Promise<boolean>>();
  const isGone = (volume: BoundVolume): Promise<boolean> => {
    const key = accountKey(volume.fileSystem.account);
    const known = goneAccounts.get(key);
    if (known !== undefined) return known;
    readsLeft -= 1;
    const asked = accounts.find(volume.fileSystem.account).then((account) => account === undefined);
    goneAccounts.set(key, asked);
    return asked;
  };
  return {
    isSpent: () => readsLeft <= 0,
    async confirm(volume, loss) {
      if (loss.what === "account") return (await isGone(volume)) ? loss : undefined;
      if (loss.what === "access") {
        return await confirmAccess(deps, { volume, loss }, () => {
          readsLeft -= 1;
        });
      }
      readsLeft -= 1;
      return (await fileSystems.find(volume.fileSystem)) === undefined ? { what: "file system" } : undefined;
    },
  };
}

interface Suspect {
  readonly volume: BoundVolume;
  readonly loss: Loss & { readonly what: "access" };
}

async function confirmAccess(
  deps: Dependencies,
  { volume, loss }: Suspect,
  spend: () => void,
): Promise<CertainLoss | undefined> {
  const { roleAssignments } = deps.ports;
  const mounting = await findMountingPrincipal(deps, volume, loss.principalIds);
  if (mounting !== undefined && loss.grants(volume.fileSystem, mounting)) return undefined;
  const principalIds = mounting === undefined ? loss.principalIds : [mounting];
  for (const asked of principalIds.flatMap((principalId) => candidates(deps, volume, { ...loss, principalId }))) {
    spend();
    if ((await roleAssignments.find(asked.scope, asked.name)) !== undefined) return undefined;
  }
  const [principalId, ...others] = principalIds;
  // Of version 0.1, and of an identity that the controller cannot read: nobody knows whether it should have access.
  if (principalId === undefined) return undefined;
  const assignment = others.length === 0 ? await assignmentFor(deps, volume, principalId) : undefined;
  return { what: "access", assignment, isByMetadata: mounting === undefined };
}

/**
 * By the client id that the PersistentVolume states: workloads cannot change that, as they can change metadata. Undefined where the
 * controller cannot read the identity.
 */
async function findMountingPrincipal(
  { ports }: Dependencies,
  { clientId }: BoundVolume,
  [principalId = ""]: readonly string[],
): Promise<string | undefined> {
  if (clientId === undefined) return undefined;
  const readable = await ports.identities.findReadable({ clientId, principalId });
  return readable.find((each) => each.clientId.toLowerCase() === clientId.toLowerCase())?.principalId;
}

/** What CreateVolume assigns today, which alone is new enough for a list to lag behind. */
function candidates(
  deps: Dependencies,
  { fileSystem }: BoundVolume,
  { account, principalId }: { readonly account: Account; readonly principalId: string },
): RoleAssignment[] {
  const { backend, settings } = deps;
  const isPool = decodeAccountTags(account.tags).isolation === "pool";
  const scopes = [backend.scopeOf(fileSystem), ...(isPool ? [] : [accountId(fileSystem.account)])];
  return scopes.flatMap((scope) => inRolesOf(deps, ourRoleAssignment(scope, { principalId, roleId: settings.roleId })));
}

/** At the file system, the narrowest scope: DeleteVolume removes it there too, by its name. */
async function assignmentFor(
  { ports, settings, backend }: Dependencies,
  { fileSystem }: BoundVolume,
  principalId: string,
): Promise<RoleAssignment> {
  const { roleId, earlierRoleId } = settings;
  const wanted = earlierRoleId === undefined ? [roleId] : [roleId, earlierRoleId];
  const found = await ports.roleAssignments.findRole(fileSystem.account, wanted).catch(() => undefined);
  return ourRoleAssignment(backend.scopeOf(fileSystem), { principalId, roleId: found ?? roleId });
}
