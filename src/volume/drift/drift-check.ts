/**
 * The background check of the accounts that hold volumes: each round finds those that are no longer keyless, also where no
 * new volume comes. One list for each resource group, whose answer shows the properties; a second look at what it shows as
 * open, since lists lag; PersistentVolumes are read only while an account is open.
 */
import type { Turn } from "../../concurrency/background.ts";
import { isTransient } from "../../errors.ts";
import { createTagKeeper, type TagKeeper } from "../account/candidate-accounts.ts";
import { repairDrift } from "../account/keyless.ts";
import { isMarked, isOfAnotherMark, isOursOrGiven } from "../account/ownership.ts";
import { recogniseListed } from "../account/recognition.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { Account, ResourceGroupRef, Settings } from "../ports.ts";
import { allowedGroups, groupKey } from "../settings.ts";
import { createDriftWarnings } from "./drift-warnings.ts";

/** The state of all accounts, as far as it was last seen. */
export interface DriftReport {
  readonly checked: number;
  /** How many of them are not keyless. */
  readonly open: number;
  /** Whether this round has seen all of them. */
  readonly isComplete: boolean;
}

/** Accounts that are read again in one round, of the 800 reads in 5 minutes that Azure allows. */
const LOOKS = 50;

interface GroupState {
  readonly checked: number;
  /** By `accountKey`. */
  readonly open: ReadonlyMap<string, Account>;
}

interface Round {
  readonly deps: Dependencies;
  readonly turn: Turn;
  /** What has failed: the round goes on without it. */
  readonly problems: unknown[];
  looksLeft: number;
  /** By `accountKey`: accounts whose lost tags were reported in an earlier round. */
  readonly reported: Set<string>;
  readonly keepTags: TagKeeper;
  /** Accounts without our tags of which nobody could say whether they are ours. */
  unrecognised: number;
}

/**
 * A round. `publish` receives the state of all accounts once each has been seen. Throws the first of what has failed, after
 * everything else is done.
 */
export function createDriftCheck(
  deps: Dependencies,
  publish: (report: DriftReport) => void,
): (turn: Turn) => Promise<void> {
  const states = new Map<string, GroupState>();
  const groups = new Map(allowedGroups(deps.settings).map((group) => [groupKey(group), group]));
  const warnClaims = createDriftWarnings(deps);
  const known = { reported: new Set<string>(), keepTags: createTagKeeper(deps) };
  return async (turn) => {
    const round: Round = { deps, turn, problems: [], looksLeft: LOOKS, ...known, unrecognised: 0 };
    let seen = 0;
    for (const [key, group] of groups) {
      await turn.spend();
      try {
        states.set(key, await checkGroup(round, group, states.get(key)?.open ?? new Map()));
        seen += 1;
      } catch (error) {
        round.problems.push(error);
      }
    }
    turn.signal.throwIfAborted();
    const open = [...states.values()].flatMap((state) => [...state.open.values()]);
    if (states.size === groups.size) {
      const checked = [...states.values()].reduce((sum, state) => sum + state.checked, 0);
      publish({ checked, open: open.length, isComplete: seen === groups.size && round.unrecognised === 0 });
    }
    round.problems.push(...(await warnClaims(open, turn.signal)));
    if (round.problems.length > 0) throw round.problems[0];
  };
}

async function checkGroup(round: Round, group: ResourceGroupRef, openBefore: GroupState["open"]): Promise<GroupState> {
  const { ports, settings } = round.deps;
  const listed = await recogniseAll(round, await ports.accounts.list(group), openBefore);
  const accounts = listed.filter((account) => isOursOrGiven(account, settings));
  const open = new Map<string, Account>();
  for (const account of accounts) {
    const key = accountKey(account.ref);
    const found = account.nonEntraAccess.length === 0 ? account : withTagsOf(account, await lookAgain(round, account));
    if (found === undefined) continue;
    if (found.nonEntraAccess.length === 0) {
      if (openBefore.has(key)) ports.observer.keylessAgain(found, "found");
      continue;
    }
    if (!openBefore.has(key)) ports.observer.drifted(found);
    const left = await repair(round, found);
    if (left.nonEntraAccess.length > 0) open.set(key, left);
  }
  return { checked: accounts.length, open };
}

/** Somebody who takes an account's tags away must not hide it from this check. */
async function recogniseAll(
  round: Round,
  listed: readonly Account[],
  openBefore: GroupState["open"],
): Promise<Account[]> {
  const { reported } = round;
  const accounts: Account[] = [];
  for (const each of listed) {
    const account = await recogniseOne(round, each, openBefore.get(accountKey(each.ref)));
    const key = accountKey(account.ref);
    if (account.lostTags === undefined) reported.delete(key);
    // Of one that still carries another cluster's mark the name proves no more than the id, which both have.
    else if (!carriesAnotherMark(account, round.deps.settings) && !reported.has(key)) {
      reported.add(key);
      await keepTags(round, account);
    }
    accounts.push(account);
  }
  return accounts;
}

function carriesAnotherMark(account: Account, settings: Settings): boolean {
  return isMarked(account) && isOfAnotherMark(account, settings);
}

/** Puts them back unless what is in the account says that it is another cluster's: that is its administrator's to settle. */
async function keepTags({ turn, problems, reported, keepTags: keep }: Round, account: Account): Promise<void> {
  await turn.spend();
  try {
    await keep(account);
  } catch (error) {
    problems.push(error);
    if (isTransient(error)) reported.delete(accountKey(account.ref));
  }
}

/** One that cannot be recognised must not hide the others: it counts as what it was in the round before. */
async function recogniseOne(round: Round, listed: Account, before: Account | undefined): Promise<Account> {
  const { deps, turn, problems } = round;
  try {
    return await recogniseListed(deps, listed, turn.spend);
  } catch (error) {
    turn.signal.throwIfAborted();
    problems.push(error);
    round.unrecognised += 1;
    return (before && withTagsOf(before, listed)) ?? listed;
  }
}

/** What a single read says; the list's word where that fails or where too many were read already. */
async function lookAgain(round: Round, listed: Account): Promise<Account | undefined> {
  round.turn.signal.throwIfAborted();
  round.looksLeft -= 1;
  if (round.looksLeft < 0) return listed;
  try {
    return await round.deps.ports.accounts.find(listed.ref);
  } catch (error) {
    round.problems.push(error);
    return listed;
  }
}

/** A read shows no more tags than the list did. */
function withTagsOf({ tags, lostTags }: Account, found: Account | undefined): Account | undefined {
  return found && lostTags !== undefined ? { ...found, tags, lostTags } : found;
}

async function repair({ deps, turn, problems }: Round, account: Account): Promise<Account> {
  turn.signal.throwIfAborted();
  try {
    return await repairDrift(deps, account);
  } catch (error) {
    problems.push(error);
    return account;
  }
}
