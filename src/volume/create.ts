/**
 * The story of CreateVolume: request, identity, account, container, access, volume context. Everything that can fail for
 * good is checked before the first write; nothing is undone here, since an undo can delete what another replica has just
 * handed out.
 */
import { DriverError } from "../errors.ts";
import { ensureGrant, grantFor, removeOtherGrants } from "./access.ts";
import { ensureAccount } from "./account-choice.ts";
import { assertCompatible, isOfOtherRequest, recordedSize } from "./container-record.ts";
import { type VolumeContext, volumeContext } from "./context.ts";
import { accountKey } from "./formats/arm-ids.ts";
import { encodeDescription } from "./formats/role-assignment-description.ts";
import { type Claimed, ensureIdentity } from "./identity.ts";
import { findLeftover, mayBeLeftBehind } from "./leftover.ts";
import { checkMount } from "./mount-checks.ts";
import { volumeId } from "./names.ts";
import { planVolume, type VolumePlan, type VolumeRequest } from "./plan.ts";
import type { Account, Container, ContainerRef, Ports, Settings, Step, WorkloadIdentity } from "./ports.ts";

/** What CreateVolume answers. */
export interface Volume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly context: VolumeContext;
}

/** csi-provisioner's default; `--volume-name-prefix` must stay at it (contract.md 2). */
const VOLUME_NAME_PREFIX = "pvc-";

/** Whether something of this volume may exist in Azure: from then on only retryable codes may leave (contract.md 2). */
interface Footprint {
  mayExist: boolean;
}

/** Throws a DriverError; one that `isUnfinished` says that the caller must keep trying, whatever its reason. */
export async function createVolume(ports: Ports, settings: Settings, request: VolumeRequest): Promise<Volume> {
  const plan = await inStep(ports, "request", request.name, async () => planVolume(request, settings));
  const footprint: Footprint = { mayExist: false };
  try {
    const claimed = await findClaimed(ports, request);
    if (claimed === "gone") return await handBack(ports, settings, plan);
    await checkMount(ports, settings, plan, claimed);
    return await provision(ports, settings, { plan, claimed }, footprint);
  } catch (error) {
    // The container is another volume's: ALREADY_EXISTS is what CSI demands.
    if (error instanceof DriverError && error.reason === "Incompatible") throw error;
    if (footprint.mayExist || (await mayBeLeftBehind(ports, settings, plan, error)))
      throw DriverError.unfinished(error);
    throw error;
  }
}

async function provision(
  ports: Ports,
  settings: Settings,
  { plan, claimed }: { readonly plan: VolumePlan; readonly claimed: Claimed },
  footprint: Footprint,
): Promise<Volume> {
  const { volumeClass, request } = plan;
  const step = <T>(name: Step, work: () => Promise<T>): Promise<T> => inStep(ports, name, request.name, work);

  const identity = await step("identity", () => ensureIdentity(ports, settings, volumeClass, claimed));
  if (volumeClass.grantScope === "container") await assertRoom(ports, settings, plan);
  const { account, isNew } = await step("account", () => ensureAccount(ports, plan, settings));
  footprint.mayExist = isNew || volumeClass.isolation === "volume";
  const container = { account: account.ref, name: plan.containerName };
  const open = async () => {
    const found = await step("container", () => ensureContainer(ports, { plan, claimed }, container, footprint));
    await step("access", () => ensureAccess(ports, settings, plan, { container, identity, existing: found }));
    return found;
  };
  const isShared = volumeClass.grantScope === "account";
  const existing = isShared ? await ports.accountLock.shared(accountKey(account.ref), open) : await open();
  return await step("volume context", async () =>
    describeVolume(settings, plan, container, { account, existing, identity }),
  );
}

/** While the subscription is known to be full nothing is begun; a volume that has its container may have its grant too. */
async function assertRoom(ports: Ports, settings: Settings, plan: VolumePlan): Promise<void> {
  try {
    ports.roleAssignments.assertRoom(plan.volumeClass.subscriptionId);
  } catch (error) {
    const left = await findLeftover(ports, settings, plan);
    if (left?.container === undefined) throw error;
  }
}

/** One grant, to the identity of today: one that an earlier attempt made for another goes. */
async function ensureAccess(
  ports: Ports,
  settings: Settings,
  plan: VolumePlan,
  made: {
    readonly container: ContainerRef;
    readonly identity: WorkloadIdentity;
    readonly existing: Container | undefined;
  },
): Promise<void> {
  const { grantScope, identity: mode } = plan.volumeClass;
  const { container, identity, existing } = made;
  const grant = grantFor(container, identity, grantScope, settings);
  const mayHaveChanged = mode === "serviceAccount" || isOfOtherRequest(plan, existing);
  if (existing !== undefined && grantScope === "container" && mayHaveChanged) {
    await removeOtherGrants(ports, container, grant);
  }
  const isNewScope = existing === undefined && grantScope === "container";
  await ensureGrant(ports, grant, { isNewScope, description: describeGrant(plan, settings) });
  if (isOfOtherRequest(plan, existing)) {
    await ports.containers.relabel(container, { ...existing?.metadata, ...plan.containerMetadata });
  }
}

/**
 * Answers the container that was there before, if there was one. Where the API server has confirmed the claim, its UID in
 * the name proves that the container is this claim's, and the class may have been corrected since; elsewhere another size
 * or other parameters are another volume (Incompatible).
 */
async function ensureContainer(
  ports: Ports,
  { plan, claimed }: { readonly plan: VolumePlan; readonly claimed: Claimed },
  ref: ContainerRef,
  footprint: Footprint,
): Promise<Container | undefined> {
  const existing = await ports.containers.find(ref);
  if (existing !== undefined && claimed.claim === undefined) assertCompatible(plan, existing);
  footprint.mayExist = true;
  if (existing === undefined) await ports.containers.create(ref, plan.containerMetadata);
  return existing;
}

/** The claim of this volume. csi-provisioner names the volume after the claim's UID, and retries for deleted claims. */
async function findClaimed({ cluster }: Ports, { claim: ref, name }: VolumeRequest): Promise<Claimed | "gone"> {
  const uid = name.startsWith(VOLUME_NAME_PREFIX) ? name.slice(VOLUME_NAME_PREFIX.length) : undefined;
  if (ref === undefined || uid === undefined || !cluster.isConnected) return { ref, claim: undefined };
  const claim = await cluster.findClaim(ref);
  return claim?.uid === uid ? { ref, claim } : "gone";
}

/** The claim is gone: what exists is handed back, so that Kubernetes deletes it in the ordinary way. */
async function handBack(ports: Ports, settings: Settings, plan: VolumePlan): Promise<Volume> {
  const left = await findLeftover(ports, settings, plan);
  if (left !== undefined) {
    const { account, container: existing } = left;
    return describeVolume(settings, plan, left.ref, { account, existing, identity: undefined });
  }
  const { claim, name } = plan.request;
  throw new DriverError(
    "Misconfigured",
    `claim ${claim?.namespace}/${claim?.name} of volume ${name} was deleted or made anew: nothing was provisioned for it`,
  );
}

function describeVolume(
  settings: Settings,
  plan: VolumePlan,
  container: ContainerRef,
  known: {
    readonly account: Account;
    readonly existing: Container | undefined;
    readonly identity: WorkloadIdentity | undefined;
  },
): Volume {
  return {
    id: volumeId(container),
    sizeBytes: (known.existing && recordedSize(known.existing.metadata)) ?? plan.sizeBytes,
    context: volumeContext({ ...known, container }, plan.volumeClass, settings),
  };
}

function describeGrant({ request }: VolumePlan, { clusterId }: Settings): string {
  return encodeDescription({ clusterId, volume: request.name, ...(request.claim && { claim: request.claim }) });
}

async function inStep<T>(ports: Ports, step: Step, volume: string, work: () => Promise<T>): Promise<T> {
  ports.observer.stepBegun(step, volume);
  const result = await work();
  ports.observer.stepDone(step, volume);
  return result;
}
