/**
 * Makes the accounts of pools before a volume needs them, and confirms them again before they are forgotten: the first claim
 * of a class then waits for no account, some 20 to 30 s in Azure. An account is chosen, created and checked by the code that
 * CreateVolume uses, under the same names, locks and single flights, so that a volume that comes meanwhile shares the work.
 */
import type { Turn } from "../../concurrency/background.ts";
import { DriverError } from "../../errors.ts";
import type { AccountChoice } from "../account/account-choice.ts";
import { isOurs } from "../account/ownership.ts";
import { ownClasses } from "../class/cluster-classes.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import { ACCOUNT_NAME_ATTEMPTS } from "../names.ts";
import { type AccountPlan, planPool } from "../plan.ts";
import type { Account } from "../ports.ts";
import { isQuota } from "./overflow.ts";

/** The accounts of one StorageClass. */
export interface PoolFill {
  readonly className: string;
  /** That exist and can take a volume, as the last round has seen it. */
  readonly present: number;
  /** The class's `poolSize`. */
  readonly wanted: number;
}

/**
 * A read for each name that the account may have, its PUT, two polls (Azure asks for 17 s between them, and takes 20 to 30 s),
 * and the list of what a former account of the name has left.
 */
const CALLS_FOR_AN_ACCOUNT = ACCOUNT_NAME_ATTEMPTS + 4;

interface Pool {
  readonly className: string;
  readonly plans: readonly AccountPlan[];
}

interface Round {
  readonly turn: Turn;
  /** Whether the account is there, by its first name: classes that differ only in their mount share accounts. */
  readonly seen: Map<string, boolean>;
  /** What has failed: the round goes on without it. */
  readonly problems: unknown[];
}

/**
 * A round. `publish` receives every pool after it. Throws the first of what has failed, after everything else is done. Deletes
 * nothing: what a deleted class leaves is for `orphans`.
 */
export function createPrewarm(
  deps: Dependencies,
  accounts: AccountChoice,
  publish: (fill: readonly PoolFill[]) => void,
): (turn: Turn) => Promise<void> {
  let reported = new Map<string, string>();
  return async (turn) => {
    const round: Round = { turn, seen: new Map(), problems: [] };
    const read = readPools(deps, await deps.ports.cluster.listClasses(), reported);
    reported = read.faults;
    const fill: PoolFill[] = [];
    for (const { className, plans } of read.pools) {
      fill.push({ className, present: await fillPool(deps, accounts, plans, round), wanted: plans.length });
    }
    turn.signal.throwIfAborted();
    publish(fill);
    if (round.problems.length > 0) throw round.problems[0];
  };
}

/** A fault of a class is reported when it was not the class's fault in the round before. */
function readPools(
  deps: Dependencies,
  classes: Parameters<typeof ownClasses>[0],
  reported: ReadonlyMap<string, string>,
): { readonly pools: readonly Pool[]; readonly faults: Map<string, string> } {
  const faults = new Map<string, string>();
  const pools: Pool[] = [];
  for (const { name: className, parameters } of ownClasses(classes, deps.settings)) {
    try {
      const plans = planPool(parameters, deps);
      if (plans.length > 0) pools.push({ className, plans });
    } catch (error) {
      const fault = error instanceof DriverError ? error.message : "internal error";
      faults.set(className, fault);
      if (reported.get(className) !== fault) deps.ports.observer.classNotPrewarmed(className, error);
    }
  }
  return { pools, faults };
}

/** How many of the accounts are there. After a failure no further one of this class is created in this round. */
async function fillPool(
  deps: Dependencies,
  accounts: AccountChoice,
  plans: readonly AccountPlan[],
  { turn, seen, problems }: Round,
): Promise<number> {
  let present = 0;
  let hasFailed = false;
  for (const plan of plans) {
    const [first] = plan.candidates;
    const key = first === undefined ? "" : accountKey(first.ref);
    if (!seen.has(key)) {
      try {
        seen.set(key, await ensureAccount(deps, accounts, { plan, turn, mayCreate: !hasFailed }));
      } catch (error) {
        turn.signal.throwIfAborted();
        hasFailed = true;
        problems.push(error);
        seen.set(key, false);
      }
    }
    if (seen.get(key) === true) present += 1;
  }
  return present;
}

interface Ensuring {
  readonly plan: AccountPlan;
  readonly turn: Turn;
  readonly mayCreate: boolean;
}

/** In the first place that has one or can have one: the way that a volume would go. */
async function ensureAccount(deps: Dependencies, accounts: AccountChoice, ensuring: Ensuring): Promise<boolean> {
  const { plan, turn, mayCreate } = ensuring;
  let refused: DriverError | undefined;
  for (const place of [plan, ...plan.elsewhere]) {
    if (await confirmAccount(deps, place, turn)) return true;
    if (!mayCreate) continue;
    // All that a new one costs is paid for before the first call.
    for (let call = 0; call < CALLS_FOR_AN_ACCOUNT; call++) await turn.spend();
    try {
      await accounts.ensure(place);
      return true;
    } catch (error) {
      if (!isQuota(error)) throw error;
      refused ??= error;
    }
  }
  if (refused !== undefined) throw refused;
  return false;
}

/** By one read, where it is remembered: for as long again, or no longer, if somebody has opened or deleted it meanwhile. */
async function confirmAccount(deps: Dependencies, place: AccountPlan, turn: Turn): Promise<boolean> {
  const remembered = rememberedAccount(deps, place);
  if (remembered === undefined) return false;
  await turn.spend();
  await deps.ports.accounts.find(remembered.ref);
  return rememberedAccount(deps, place) !== undefined;
}

function rememberedAccount({ ports, settings }: Dependencies, plan: AccountPlan): Account | undefined {
  const known = plan.candidates.map(({ ref }) => ports.accounts.remembered(ref));
  return known.find((account) => account !== undefined && isOurs(account, settings));
}
