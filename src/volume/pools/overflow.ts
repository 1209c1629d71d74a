/**
 * Where a volume is made when its class may go on in further places (`--overflow`): where something of the volume exists, else
 * in the first place that has room. Nothing exists of a volume that moves on, so that no attempt makes a second one.
 */
import { DriverError } from "../../errors.ts";
import type { AccountChoice } from "../account/account-choice.ts";
import type { Dependencies } from "../dependencies.ts";
import type { VolumePlan } from "../plan.ts";
import type { PreviousAttempts } from "../previous-attempt.ts";

export interface Places {
  /**
   * Does the work of a volume, with the plan for its place. A quota that refuses it leads on to the next place, unless something
   * of the volume exists by then: it waits there. Without further places nothing is asked that the work does not ask itself.
   */
  inPlace<T>(plan: VolumePlan, work: Work<T>): Promise<T>;
}

/**
 * The work in a place. Where it has waited long before it makes the file system, it asks `madeElsewhere`: another replica, which
 * csi-provisioner has called meanwhile, may have made the volume where there was no room before. Answers the plan for that place.
 */
type Work<T> = (place: VolumePlan, madeElsewhere: () => Promise<VolumePlan | undefined>) => Promise<T>;

interface Looking extends Pick<Dependencies, "ports"> {
  readonly accounts: AccountChoice;
  readonly previousAttempts: PreviousAttempts;
}

export function createPlaces(looking: Looking): Places {
  return {
    inPlace: (plan, work) =>
      plan.elsewhere.length === 0 ? work(plan, madeNowhereElse) : inOneOfPlaces(looking, plan, work),
  };
}

async function madeNowhereElse(): Promise<undefined> {
  return undefined;
}

async function inOneOfPlaces<T>(looking: Looking, plan: VolumePlan, work: Work<T>): Promise<T> {
  const workIn = (place: VolumePlan) => work(place, () => findMade(looking, plan, place));
  const existing = await findElsewhere(looking, plan);
  return existing === undefined ? await inFirstWithRoom(looking, plan, workIn) : await workIn(existing);
}

/** In its own place the work finds it; in the others a retry must find it too, also when the first has room again. */
async function findElsewhere({ previousAttempts }: Looking, plan: VolumePlan): Promise<VolumePlan | undefined> {
  let account: VolumePlan | undefined;
  for (const place of plan.elsewhere) {
    const found = await previousAttempts.findAt(place, { absence: "recent" });
    if (found?.fileSystem !== undefined) return place;
    if (found !== undefined) account ??= place;
  }
  // An account without the volume may be what a replica has left that found it made in its own place (`madeElsewhere`).
  const isHere = account !== undefined && (await previousAttempts.findAt(plan)) !== undefined;
  return isHere ? undefined : account;
}

async function findMade(
  { previousAttempts }: Looking,
  plan: VolumePlan,
  place: VolumePlan,
): Promise<VolumePlan | undefined> {
  for (const other of [plan, ...plan.elsewhere]) {
    if (other !== place && (await previousAttempts.findAt(other))?.fileSystem !== undefined) return other;
  }
  return undefined;
}

async function inFirstWithRoom<T>(
  looking: Looking,
  plan: VolumePlan,
  work: (place: VolumePlan) => Promise<T>,
): Promise<T> {
  const refusals: DriverError[] = [];
  for (const place of [plan, ...plan.elsewhere]) {
    const full = await whyFull(looking, place);
    if (full !== undefined) {
      refusals.push(full);
      continue;
    }
    try {
      return await work(place);
    } catch (error) {
      if (!isQuota(error) || (await looking.previousAttempts.find(plan)) !== undefined) throw error;
      refusals.push(error);
    }
  }
  throw nowhere(refusals);
}

/** What is known to refuse the volume there, before a call is made for it; undefined where it has room, or exists already. */
async function whyFull(
  { ports, accounts, previousAttempts }: Looking,
  place: VolumePlan,
): Promise<DriverError | undefined> {
  const { subscriptionId, location, grantScope } = place.volumeClass;
  const noAssignments = quotaOf(() => ports.roleAssignments.assertRoom(subscriptionId));
  const noAccounts = quotaOf(() => ports.accounts.assertRoom({ subscriptionId, location }));
  if (noAssignments !== undefined && grantScope !== "account") {
    const existing = await previousAttempts.findAt(place, { absence: "recent" });
    return existing === undefined ? noAssignments : undefined;
  }
  const full = noAssignments ?? noAccounts;
  if (full === undefined) return undefined;
  // An account that exists takes further volumes, and may have the identity's role assignment already.
  const existing = await accounts.find(place, { absence: "recent" });
  return existing.length === 0 ? full : undefined;
}

function quotaOf(assertRoom: () => void): DriverError | undefined {
  try {
    assertRoom();
  } catch (error) {
    if (isQuota(error)) return error;
    throw error;
  }
  return undefined;
}

/** Whether a quota of Azure refuses what was asked. */
export function isQuota(error: unknown): error is DriverError {
  return error instanceof DriverError && error.reason === "QuotaExhausted";
}

/** The first place's refusal says most: what can be raised there, or freed. */
function nowhere([first, ...others]: readonly DriverError[]): DriverError {
  const { message = "no place was asked", cause } = first ?? {};
  return new DriverError("QuotaExhausted", `${message}; the places of --overflow have no room either`, {
    cause,
    isUnfinished: [first, ...others].some((each) => each?.isUnfinished === true),
  });
}
