/** What is known of the claim of `--claim`: what CreateVolume would make of it, or has made. Reads only. */

import { DriverError } from "../errors.ts";
import { isSameText } from "../text/without-case.ts";
import { createAccountChoice } from "../volume/account/account-choice.ts";
import { createFormerAccounts } from "../volume/account/former-accounts.ts";
import { ownClasses } from "../volume/class/cluster-classes.ts";
import { accountId } from "../volume/formats/arm-ids.ts";
import type { ServiceAccountRef } from "../volume/formats/federated-credential.ts";
import type { AdmittedIdentity, ClaimContext } from "../volume/identity/identity.ts";
import { ensureIdentity, findAnnotated } from "../volume/identity/identity.ts";
import { ensureRole } from "../volume/identity/role.ts";
import { chooseServiceAccount } from "../volume/identity/service-account.ts";
import { planVolume, type VolumePlan } from "../volume/plan.ts";
import type { Account, FileSystemRef, MountableVolume, UserAssignedIdentity } from "../volume/ports.ts";
import { clusterOf } from "./cluster.ts";
import type { DoctorContext, InspectedClaim, InspectedClass } from "./ports.ts";

/** CSI's names of Kubernetes' access modes, as csi-provisioner translates them. */
const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "SINGLE_NODE_MULTI_WRITER",
  ReadWriteOncePod: "SINGLE_NODE_SINGLE_WRITER",
  ReadOnlyMany: "MULTI_NODE_READER_ONLY",
  ReadWriteMany: "MULTI_NODE_MULTI_WRITER",
};

export async function findClaim(context: DoctorContext): Promise<InspectedClaim | undefined> {
  return context.claim && (await clusterOf(context).findClaim(context.claim));
}

/** The claim, where a check before has found it. */
export async function claimOf(context: DoctorContext): Promise<InspectedClaim> {
  return present(await findClaim(context));
}

/** Its class, where a check before has found that it is one of this driver. */
export async function classOf(context: DoctorContext): Promise<InspectedClass> {
  const { className } = await claimOf(context);
  return present((await clusterOf(context).listClasses()).find(({ name }) => name === className));
}

/** Throws InvalidRequest for what CreateVolume refuses. */
export async function planOf(context: DoctorContext): Promise<VolumePlan> {
  const { uid, accessModes } = await claimOf(context);
  const inspected = await classOf(context);
  const [own] = ownClasses([inspected], context.settings);
  const request = {
    name: `pvc-${uid}`,
    parameters: own?.parameters ?? {},
    mountFlags: inspected.mountOptions,
    accessModes: accessModes.map((mode) => MODES[mode] ?? mode),
    // Its size is no reason to wait.
    requiredBytes: 0,
    limitBytes: 0,
    ...(context.claim && { claim: context.claim }),
  };
  return planVolume(request, context);
}

/** Throws Misconfigured for what CreateVolume refuses. Writes no federated credential, whatever the settings. */
export async function identityOf(context: DoctorContext): Promise<AdmittedIdentity> {
  const { ports, settings, claim: ref } = context;
  const mounted = await mountedIdentityOf(context);
  if (mounted !== undefined)
    return { ...mounted, roleId: await ensureRole(context, (await planOf(context)).volumeClass) };
  const claim: ClaimContext = { ref, claim: ref && (await ports.cluster.findClaim(ref)) };
  const { volumeClass } = await planOf(context);
  return await ensureIdentity(
    { ...context, settings: { ...settings, managesFederatedCredentials: false } },
    volumeClass,
    claim,
  );
}

/** Whom a volume of a class with `identity: serviceAccount` is for. */
export interface ClaimUser {
  readonly identity: UserAssignedIdentity;
  /** Absent where the volume is there and nothing says now who uses it. */
  readonly account?: ServiceAccountRef;
}

/** By the PersistentVolume once there is one: pods come and go, and may run as others. Before, as CreateVolume chooses. */
export async function userOf(context: DoctorContext): Promise<ClaimUser> {
  const { ports, claim: ref = { namespace: "", name: "" } } = context;
  const { volumeClass } = await planOf(context);
  const claim = (await ports.cluster.findClaim(ref)) ?? { uid: "" };
  const mounted = await mountedIdentityOf(context);
  if (mounted === undefined) {
    const name = await chooseServiceAccount(ports.cluster, ref, claim, volumeClass.defaultServiceAccount);
    const account = { namespace: ref.namespace, serviceAccount: name };
    return { account, identity: await findAnnotated(ports, account) };
  }
  const pods = await clusterOf(context).listPodsUsing(ref);
  const stated = [claim.serviceAccount, ...pods.map((pod) => pod.serviceAccount), volumeClass.defaultServiceAccount];
  for (const name of stated.filter((each) => each !== undefined)) {
    const clientId = await ports.cluster.findClientId(ref.namespace, name);
    if (clientId !== undefined && isSameText(clientId, mounted.clientId)) {
      return { identity: mounted, account: { namespace: ref.namespace, serviceAccount: name } };
    }
  }
  return { identity: mounted };
}

/** The identity that the PersistentVolume is mounted with, where its class leaves the choice to the ServiceAccount. */
async function mountedIdentityOf(context: DoctorContext): Promise<UserAssignedIdentity | undefined> {
  const volume = await findVolume(context);
  const clientId = volume && context.backend.readReferences(volume).clientId;
  if (clientId === undefined || (await planOf(context)).volumeClass.identity !== "serviceAccount") return undefined;
  const found = await context.ports.identities.findByClientId(clientId);
  if (found !== undefined) return found;
  throw new DriverError(
    "Misconfigured",
    `volume ${volume?.name} is mounted with client id ${clientId}, which is not a user-assigned identity that the controller ` +
      "may use: it was deleted, or is not in --identity-scopes any more",
  );
}

/** The account that has its container or would get it; undefined where it is made with the volume. */
export async function findAccount(context: DoctorContext): Promise<Account | undefined> {
  const volume = await findVolume(context);
  const ref = volume && context.backend.parseVolumeId(volume.handle);
  if (ref !== undefined) return await context.ports.accounts.find(ref.account);
  const choice = createAccountChoice({ ...context, former: createFormerAccounts(context) });
  return (await choice.find(await planOf(context)))[0];
}

/** Where its container is or will be; undefined without an account. */
export async function placeOf(context: DoctorContext): Promise<FileSystemRef | undefined> {
  const volume = await findVolume(context);
  const ref = volume && context.backend.parseVolumeId(volume.handle);
  if (ref !== undefined) return ref;
  const account = await findAccount(context);
  return account && { account: account.ref, name: (await planOf(context)).fileSystemName };
}

/** The scope at which its class grants access. */
export async function scopeOf(context: DoctorContext, place: FileSystemRef): Promise<string> {
  const { volumeClass } = await planOf(context);
  return volumeClass.grantScope === "account" ? accountId(place.account) : context.backend.scopeOf(place);
}

/** The PersistentVolume that the claim names. */
export async function findVolume(context: DoctorContext): Promise<MountableVolume | undefined> {
  const { volumeName } = await claimOf(context);
  return volumeName === undefined ? undefined : await context.ports.cluster.findVolume(volumeName);
}

/** Of what a check before has found. */
function present<T>(found: T | undefined): T {
  if (found === undefined) throw new Error("a check of a claim was run without what it needs");
  return found;
}
