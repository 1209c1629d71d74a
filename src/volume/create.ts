/**
 * The story of CreateVolume: request, identity, account, file system, access, volume context. Everything that can fail for
 * good is checked before the first write. Nothing is undone here: an undo could delete what another replica has just handed
 * out.
 */
import { DriverError } from "../errors.ts";
import { LONGEST_NAME, shown } from "../text/cut.ts";
import { createAccess } from "./access/access.ts";
import { recordPrincipal } from "./access/recorded-principals.ts";
import { type AccountChoice, createAccountChoice } from "./account/account-choice.ts";
import { createFormerAccounts, type FormerAccounts } from "./account/former-accounts.ts";
import type { Dependencies } from "./dependencies.ts";
import { assertCompatible, recordedSize } from "./file-system-record.ts";
import { accountKey } from "./formats/arm-ids.ts";
import { type ClaimContext, ensureIdentity } from "./identity/identity.ts";
import { checkMount } from "./mount-checks.ts";
import { claimUidIn } from "./names.ts";
import { tellOfPendingAccess, warnOfLostTags, warnOfWeakAccount } from "./owner-warning.ts";
import { metadataIn, planVolume, type VolumePlan, type VolumeRequest } from "./plan.ts";
import { createPlaces, type Places } from "./pools/overflow.ts";
import type { Account, CreatedAccount, FileSystem, FileSystemRef, WorkloadIdentity } from "./ports.ts";
import { createPreviousAttempts, type PreviousAttempts } from "./previous-attempt.ts";

/** What CreateVolume answers. */
export interface Volume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly context: Readonly<Record<string, string>>;
}

/** Whether something of this volume may exist in Azure: from then on only retryable codes may leave (contract.md 2). */
interface Footprint {
  mayExist: boolean;
}

/** One call of CreateVolume, after its claim was looked up. */
interface Attempt {
  readonly plan: VolumePlan;
  readonly claim: ClaimContext;
  readonly footprint: Footprint;
  readonly madeElsewhere: () => Promise<VolumePlan | undefined>;
}

interface Story extends Dependencies {
  readonly former: FormerAccounts;
  readonly accounts: AccountChoice;
  readonly previousAttempts: PreviousAttempts;
  readonly ensureAccess: ReturnType<typeof createAccess>;
  readonly places: Places;
}

export interface Provisioner {
  /** CreateVolume. Throws a DriverError; one that `isUnfinished` says that the caller must keep trying, whatever its reason. */
  create(request: VolumeRequest): Promise<Volume>;
  /** By which volumes get their accounts: for accounts that are made ahead of them. */
  readonly accounts: AccountChoice;
}

export function createProvisioner(deps: Dependencies): Provisioner {
  const former = createFormerAccounts(deps);
  const accounts = createAccountChoice({ ...deps, former });
  const previousAttempts = createPreviousAttempts(deps, accounts);
  const places = createPlaces({ ...deps, accounts, previousAttempts });
  const story = { ...deps, former, accounts, previousAttempts, places, ensureAccess: createAccess(deps) };
  return { accounts, create: (request) => createVolume(story, request) };
}

async function createVolume(story: Story, request: VolumeRequest): Promise<Volume> {
  const plan = await inStep(story, "request", request.name, () => planVolume(request, story));
  const footprint: Footprint = { mayExist: false };
  try {
    const claim = await findClaim(story, request);
    if (claim === "gone") return await handBack(story, plan);
    await checkMount(story, plan, claim);
    return await story.places.inPlace(plan, (place, madeElsewhere) =>
      provision(story, { plan: place, claim, footprint, madeElsewhere }),
    );
  } catch (error) {
    // The file system is another volume's: ALREADY_EXISTS is what CSI demands.
    if (error instanceof DriverError && error.reason === "Incompatible") throw error;
    if (footprint.mayExist || (await story.previousAttempts.mayHaveLeftResources(plan, error)))
      throw DriverError.unfinished(error);
    throw error;
  }
}

async function provision(story: Story, attempt: Attempt): Promise<Volume> {
  const { plan, claim } = attempt;
  const step = <T>(name: string, work: () => T | Promise<T>) => inStep(story, name, plan.request.name, work);

  const identity = await step("identity", () => ensureIdentity(story, plan.volumeClass, claim));
  if (plan.volumeClass.grantScope !== "account") await assertRoom(story, plan);
  const { account, isNew: hasWaited } = await step("account", () => ensureAccount(story, attempt));
  const elsewhere = hasWaited ? await attempt.madeElsewhere() : undefined;
  if (elsewhere !== undefined) return await provision(story, { ...attempt, plan: elsewhere });
  const fileSystem = { account: account.ref, name: plan.fileSystemName };
  story.ports.observer.identified({ id: story.backend.toVolumeId(fileSystem) });
  const existing = await withAccountShared(story, plan, account, async () => {
    const wanted = { ref: fileSystem, metadata: recordPrincipal(metadataIn(plan, account.ref), identity.principalId) };
    const found = await step(story.backend.noun, () => ensureFileSystem(story, attempt, wanted));
    const former = story.former.leftAt(account.ref, story.backend.scopeOf(fileSystem));
    const access = { fileSystem, identity, existing: found, former };
    const isNew = await step("access", () => story.ensureAccess(plan, access));
    if (isNew) tellOfPendingAccess(story, claim, identity);
    return found;
  });
  return await step("volume context", () => describeVolume(story, plan, { account, fileSystem, existing, identity }));
}

/** Fails fast while the subscription is at its role-assignment limit, unless the file system already exists. */
async function assertRoom({ ports, previousAttempts }: Story, plan: VolumePlan): Promise<void> {
  try {
    ports.roleAssignments.assertRoom(plan.volumeClass.subscriptionId);
  } catch (error) {
    // Its role assignment may exist too.
    const previous = await previousAttempts.findAt(plan);
    if (previous?.fileSystem === undefined) throw error;
  }
}

async function ensureAccount(story: Story, { plan, claim, footprint }: Attempt): Promise<CreatedAccount> {
  const { account, isNew } = await story.accounts.ensure(plan);
  footprint.mayExist = isNew || plan.volumeClass.isolation === "volume";
  if (account.weaknesses !== undefined) await warnOfWeakAccount(story, plan, claim, account);
  if (account.lostTags !== undefined) await warnOfLostTags(story, plan, claim, account);
  return { account, isNew };
}

/**
 * Role assignments at the account are removed when its last volume goes, under the exclusive lock: a volume that is created
 * meanwhile must not lose the one it relies on.
 */
function withAccountShared<T>(
  { ports }: Story,
  { volumeClass }: VolumePlan,
  { ref }: Account,
  work: () => Promise<T>,
): Promise<T> {
  return volumeClass.grantScope === "account" ? ports.accountLock.shared(accountKey(ref), work) : work();
}

/**
 * Answers the file system that was there before, if there was one. Where the API server has confirmed the claim, its UID in
 * the name proves that the file system is this claim's, and the class may have been corrected since; otherwise another size
 * or other parameters are another volume (Incompatible).
 */
async function ensureFileSystem(
  story: Story,
  { plan, claim, footprint }: Attempt,
  { ref, metadata }: FileSystem,
): Promise<FileSystem | undefined> {
  const { fileSystems } = story.ports;
  footprint.mayExist = true;
  const existing = await fileSystems.create(ref, { metadata, sizeBytes: plan.sizeBytes });
  if (existing !== undefined && claim.claim === undefined) assertCompatible(story, plan, existing);
  return existing;
}

/** The claim of this volume. csi-provisioner names the volume after the claim's UID, and retries for deleted claims. */
async function findClaim({ ports }: Story, { claim: ref, name }: VolumeRequest): Promise<ClaimContext | "gone"> {
  const uid = claimUidIn(name);
  if (ref === undefined || uid === undefined || !ports.cluster.isConnected) return { ref, claim: undefined };
  const claim = await ports.cluster.findClaim(ref);
  return claim?.uid === uid ? { ref, claim } : "gone";
}

/** The claim is gone: what exists is handed back, so that Kubernetes deletes it in the ordinary way. */
async function handBack(story: Story, plan: VolumePlan): Promise<Volume> {
  const previous = await story.previousAttempts.find(plan);
  if (previous !== undefined) {
    const { plan: place, account, ref, fileSystem } = previous;
    return describeVolume(story, place, { account, fileSystem: ref, existing: fileSystem, identity: undefined });
  }
  const { claim, name } = plan.request;
  throw new DriverError(
    "Misconfigured",
    `claim ${shown(claim?.namespace ?? "")}/${shown(claim?.name ?? "", LONGEST_NAME)} of volume ${name} was deleted or recreated: nothing was provisioned for it`,
  );
}

function describeVolume(
  { backend, settings }: Story,
  { volumeClass, sizeBytes }: VolumePlan,
  known: {
    readonly account: Account;
    readonly fileSystem: FileSystemRef;
    readonly existing: FileSystem | undefined;
    readonly identity: WorkloadIdentity | undefined;
  },
): Volume {
  const { account, fileSystem, existing, identity } = known;
  return {
    id: backend.toVolumeId(fileSystem),
    sizeBytes: (existing && recordedSize(existing.metadata, backend.size)) ?? sizeBytes,
    context: backend.volumeContext({ account, fileSystem, identity, volumeClass }, settings),
  };
}

async function inStep<T>(
  { ports }: Dependencies,
  step: string,
  volume: string,
  work: () => T | Promise<T>,
): Promise<T> {
  ports.observer.stepBegun(step, volume);
  const result = await work();
  ports.observer.stepDone(step, volume);
  return result;
}
