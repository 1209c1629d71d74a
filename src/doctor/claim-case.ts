/** What is known of the claim of `--claim`: what CreateVolume would make of it, or has made. Reads only. */

import { createAccountChoice } from "../volume/account/account-choice.ts";
import { createFormerAccounts } from "../volume/account/former-accounts.ts";
import { ownClasses } from "../volume/class/cluster-classes.ts";
import { accountId } from "../volume/formats/arm-ids.ts";
import type { AdmittedIdentity, ClaimContext } from "../volume/identity/identity.ts";
import { ensureIdentity, findAnnotated } from "../volume/identity/identity.ts";
import { chooseServiceAccount } from "../volume/identity/service-account.ts";
import { planVolume, type VolumePlan } from "../volume/plan.ts";
import type { Account, FileSystemRef, MountableVolume } from "../volume/ports.ts";
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
  const claim: ClaimContext = { ref, claim: ref && (await ports.cluster.findClaim(ref)) };
  const { volumeClass } = await planOf(context);
  return await ensureIdentity(
    { ...context, settings: { ...settings, managesFederatedCredentials: false } },
    volumeClass,
    claim,
  );
}

/** The ServiceAccount of the claim, and the identity that it names. */
export async function annotatedOf(context: DoctorContext) {
  const { ports, claim: ref = { namespace: "", name: "" } } = context;
  const { volumeClass } = await planOf(context);
  const claim = (await ports.cluster.findClaim(ref)) ?? { uid: "" };
  const name = await chooseServiceAccount(ports.cluster, ref, claim, volumeClass.defaultServiceAccount);
  const account = { namespace: ref.namespace, serviceAccount: name };
  return { account, identity: await findAnnotated(ports, account) };
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
