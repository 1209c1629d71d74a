/**
 * The story of CreateVolume: request, identity, account, container, access, volume context. Everything that can fail for
 * good is checked before the first write; nothing is undone here, since an undo can delete what another replica has just
 * handed out.
 */
import { DriverError, isTransient } from "../errors.ts";
import { ensureGrant, ensureIdentity, grantFor } from "./access.ts";
import { ensureAccount, findAccount } from "./account-choice.ts";
import { assertCompatible, recordedSize } from "./container-record.ts";
import { type VolumeContext, volumeContext } from "./context.ts";
import { volumeId } from "./names.ts";
import { planVolume, type VolumePlan, type VolumeRequest } from "./plan.ts";
import type { Container, ContainerRef, Ports, Settings, Step, WorkloadIdentity } from "./ports.ts";

/** What CreateVolume answers. */
export interface Volume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly context: VolumeContext;
}

/** Whether something of this volume may exist in Azure: from then on only retryable codes may leave (contract.md 2). */
interface Footprint {
  mayExist: boolean;
}

/** Throws a DriverError; one that `isUnfinished` says that the caller must keep trying, whatever its reason. */
export async function createVolume(ports: Ports, settings: Settings, request: VolumeRequest): Promise<Volume> {
  const plan = await inStep(ports, "request", request.name, async () => planVolume(request, settings));
  const footprint: Footprint = { mayExist: false };
  try {
    if (await isClaimGone(ports, request)) return await handBack(ports, settings, plan);
    return await provision(ports, settings, plan, footprint);
  } catch (error) {
    if (footprint.mayExist || (await isLeftBehind(ports, settings, plan, error))) throw DriverError.unfinished(error);
    throw error;
  }
}

async function provision(ports: Ports, settings: Settings, plan: VolumePlan, footprint: Footprint): Promise<Volume> {
  const { volumeClass, request } = plan;
  const step = <T>(name: Step, work: () => Promise<T>): Promise<T> => inStep(ports, name, request.name, work);

  const identity = await step("identity", () => ensureIdentity(ports, volumeClass, settings));
  const { account, isNew } = await step("account", () => ensureAccount(ports, plan, settings));
  footprint.mayExist = isNew || volumeClass.isolation === "volume";
  const container = { account: account.ref, name: plan.containerName };
  const existing = await step("container", () => ensureContainer(ports, plan, container, footprint));
  await step("access", () =>
    ensureGrant(ports, grantFor(container, identity, settings), {
      isNewContainer: existing === undefined,
      description: describeGrant(plan, settings),
    }),
  );
  return await step("volume context", async () => describeVolume(settings, plan, container, { existing, identity }));
}

/** Answers the container that was there before, if there was one; throws Incompatible when it is another volume's. */
async function ensureContainer(
  ports: Ports,
  plan: VolumePlan,
  ref: ContainerRef,
  footprint: Footprint,
): Promise<Container | undefined> {
  const existing = await ports.containers.find(ref);
  if (existing !== undefined) assertCompatible(plan, existing);
  footprint.mayExist = true;
  if (existing === undefined) await ports.containers.create(ref, plan.containerMetadata);
  return existing;
}

async function isClaimGone(ports: Ports, { claim, name }: VolumeRequest): Promise<boolean> {
  return claim !== undefined && (await ports.cluster.claimState(claim, name)) === "gone";
}

/** The claim is gone: an existing container is handed back, so that Kubernetes deletes it in the ordinary way. */
async function handBack(ports: Ports, settings: Settings, plan: VolumePlan): Promise<Volume> {
  const existing = await findContainer(ports, settings, plan);
  if (existing !== undefined) return describeVolume(settings, plan, existing.ref, { existing, identity: undefined });
  const { claim, name } = plan.request;
  throw new DriverError(
    "Misconfigured",
    `claim ${claim?.namespace}/${claim?.name} of volume ${name} was deleted or made anew: nothing was provisioned for it`,
  );
}

/** After a final fault: whether an earlier attempt has left a container, which must then not be forgotten. */
async function isLeftBehind(ports: Ports, settings: Settings, plan: VolumePlan, error: unknown): Promise<boolean> {
  if (isTransient(error) || (error instanceof DriverError && error.reason === "Incompatible")) return false;
  const existing = await findContainer(ports, settings, plan).catch(() => undefined);
  return existing !== undefined;
}

async function findContainer(ports: Ports, settings: Settings, plan: VolumePlan): Promise<Container | undefined> {
  const account = await findAccount(ports, plan, settings);
  return account && (await ports.containers.find({ account: account.ref, name: plan.containerName }));
}

function describeVolume(
  settings: Settings,
  plan: VolumePlan,
  container: ContainerRef,
  known: { readonly existing: Container | undefined; readonly identity: WorkloadIdentity | undefined },
): Volume {
  return {
    id: volumeId(container),
    sizeBytes: (known.existing && recordedSize(known.existing.metadata)) ?? plan.sizeBytes,
    context: volumeContext(container, plan.volumeClass, known.identity, settings),
  };
}

/** At most 2 KB (ARM: description of a role assignment). For people who wonder what the assignment is for. */
function describeGrant({ request }: VolumePlan, { clusterId }: Settings): string {
  const claim = request.claim ? ` claim=${request.claim.namespace}/${request.claim.name}` : "";
  return `keyless-csi v1 cluster=${clusterId} volume=${request.name}${claim}`;
}

async function inStep<T>(ports: Ports, step: Step, volume: string, work: () => Promise<T>): Promise<T> {
  ports.observer.stepBegun(step, volume);
  const result = await work();
  ports.observer.stepDone(step, volume);
  return result;
}
