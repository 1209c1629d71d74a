/**
 * The story of `keyless-csi static`: a PersistentVolume and a claim for data that exists, and the access of one ServiceAccount
 * to it. Everything is looked at and reported at once; access is given only when nothing is wrong and it was asked for.
 */
import type { Dependencies } from "../dependencies.ts";
import type { ServiceAccountRef } from "../formats/federated-credential.ts";
import type { ClaimRef, FileSystemRef, UserAssignedIdentity } from "../ports.ts";
import { assign, findMissingAssignment, toAssignCommand } from "./access.ts";
import { type Finding, isWrong, lookFor } from "./finding.ts";
import { findMountFindings } from "./mount.ts";
import { checkUnused, nameStatic, type StaticNames } from "./names.ts";
import { type StaticObjects, toObjects } from "./objects.ts";
import { ofFileSystem, ofVolume, type Source } from "./source.ts";
import { findWorkload } from "./workload.ts";

/** The data: a file system of whichever account, or the name of a PersistentVolume of this controller. */
export type Target =
  | {
      readonly fileSystem: FileSystemRef;
      /** Its account is made keyless later, once nothing uses a key any more. */
      readonly isMigrating: boolean;
    }
  | { readonly volume: string };

export interface StaticRequest {
  readonly target: Target;
  readonly serviceAccount: ServiceAccountRef;
  /** Of the claim; absent: chosen (names.ts). */
  readonly name?: string | undefined;
  /** Name of the driver whose node plugin mounts it. */
  readonly driver: string;
  /** Whether a missing role assignment is made. */
  readonly assigns: boolean;
}

export interface StaticVolume {
  readonly findings: readonly Finding[];
  /** Absent while something is wrong, and where the first claim serves the ServiceAccount too. */
  readonly objects?: StaticObjects;
}

interface Known {
  readonly source: Source;
  readonly identity: UserAssignedIdentity;
  readonly names: StaticNames;
}

/** Throws what no operator can put right here: no answer, a missing right, a name that is too long. */
export async function planStatic(deps: Dependencies, request: StaticRequest): Promise<StaticVolume> {
  const findings: Finding[] = [];
  const known = await findAll(deps, request, findings);
  if (known === undefined || isWrong(findings)) return { findings };
  await findAccess(deps, request, known, findings);
  if (isWrong(findings)) return { findings };
  const shared = claimForBoth(deps, request, known);
  if (shared === undefined) return { findings, objects: describe(request, known) };
  const text = `its pods can use claim ${shared.namespace}/${shared.name} as it is: nothing has to be applied`;
  findings.push({ state: "note", text });
  return { findings };
}

async function findAll(
  deps: Dependencies,
  { target, serviceAccount, name, driver }: StaticRequest,
  findings: Finding[],
): Promise<Known | undefined> {
  const source =
    "volume" in target
      ? await ofVolume(deps, target.volume, findings)
      : await ofFileSystem(deps, { ref: target.fileSystem, isMigrating: target.isMigrating }, findings);
  const { subscriptionId } = source?.fileSystem.ref.account ?? deps.settings;
  const identity = await findWorkload(deps, serviceAccount, subscriptionId, findings);
  if (source === undefined || identity === undefined) return undefined;
  findings.push(...(await findMountFindings(deps, { driver, mountOptions: source.mountOptions })));
  const names = nameStatic(deps, serviceAccount, source, name);
  await checkUnused(deps, names, findings);
  await noteOthers(deps, source, names, findings);
  return { source, identity, names };
}

/** An operator may not know who else writes there. */
async function noteOthers(
  { ports, backend }: Dependencies,
  { fileSystem: { ref }, volume }: Source,
  { volumeName }: StaticNames,
  findings: Finding[],
): Promise<void> {
  const other = await ports.cluster.findVolumeUsing(ref);
  if (other === undefined || [volumeName, volume?.name].includes(other.name)) return;
  findings.push({ state: "note", text: `PersistentVolume ${other.name} names ${backend.noun} ${ref.name} too` });
}

/** Only where nothing is wrong: an identity that does not trust the ServiceAccount is given nothing. */
async function findAccess(
  deps: Dependencies,
  { assigns }: StaticRequest,
  { source, identity, names }: Known,
  findings: Finding[],
): Promise<void> {
  const find = () => findMissingAssignment(deps, source.fileSystem, identity, findings);
  const missing = (await lookFor(findings, find))?.found;
  if (missing === undefined) return;
  if (!assigns) {
    const text = `the identity has no access to the ${deps.backend.noun} yet. With --assign --yes this command gives it, or by hand:`;
    findings.push({ state: "missing", text, command: toAssignCommand(missing) });
    return;
  }
  const { volumeName, claim } = names;
  const recordedIn = source.isOurs ? source.fileSystem : undefined;
  await assign(deps, missing, { volume: source.volume?.name ?? volumeName, claim, recordedIn });
  findings.push({
    state: "ok",
    text: `role ${missing.roleId} assigned at ${missing.scope}: it takes Azure up to 10 minutes`,
  });
}

/** One identity may trust several ServiceAccounts, and in its own namespace each can use the first claim. */
function claimForBoth(
  { backend }: Dependencies,
  { serviceAccount: { namespace } }: StaticRequest,
  { source: { volume }, identity }: Known,
): ClaimRef | undefined {
  if (volume?.claim?.namespace !== namespace) return undefined;
  const isSame = backend.readReferences(volume).clientId?.toLowerCase() === identity.clientId.toLowerCase();
  return isSame ? volume.claim : undefined;
}

function describe({ driver }: StaticRequest, { source, identity, names }: Known): StaticObjects {
  const { mountOptions, volume } = source;
  return toObjects({
    ...names,
    driver,
    attributes: source.attributesFor(identity),
    mountOptions,
    capacity: volume?.capacity,
  });
}
