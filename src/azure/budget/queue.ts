/**
 * Calls that wait until Azure's limits allow them: creates first, then deletes, then what runs in the background, and within
 * a purpose what has begun first. Later purposes do not wait for ever: after nine calls that went first at a limit, one of
 * those that wait for it is next.
 *
 * What fails half-way is repeated from its first read, which spends what is scarce for nothing. So work that has begun may wait
 * longer, and none is begun while it would only join those that wait.
 */
import { PURPOSES, type Purpose, type Work } from "../../concurrency/purpose.ts";
import type { Kind } from "./kinds.ts";
import { type Limit, NO_WAIT, type Wait, waitingUpTo } from "./limit.ts";

export interface QueueOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A call that would have to wait longer fails; in work that has begun less than `WORK_MS` ago, when that is over. */
  readonly longestWaitMs: number;
  /** Those of a subscription that were drawn on so far. */
  readonly limitsOf: (subscriptionId: string) => readonly Limit[];
}

export interface BudgetQueue {
  /**
   * Undefined, at once or later: the call is counted and may be sent. A Wait: it may not, and would have to wait for so long,
   * which is too long; at once where `mayWait` is false. `work` is what it belongs to.
   */
  enter(kind: Kind, purpose: Purpose, mayWait: boolean, work?: Work): Wait | undefined | Promise<Wait | undefined>;
  /** What was waited for may have come earlier. */
  pump(): void;
}

/** Nine of ten go to the earlier purpose while both wait. */
const PASSED_OVER = 9;
/** What the next in order lacks is kept for it when it comes this soon; otherwise others would use it up one by one. */
const KEPT_FOR_MS = 1_000;
/**
 * All waits of one call together, once it has begun: longer than 500 creations at once need for Resource Manager's writes, and for
 * deletions as long as the longest window of reads. One that fails repeats its reads, which the others then lack.
 */
const WORK_MS: Readonly<Record<Purpose, number>> = { create: 120_000, delete: 300_000, background: 120_000 };
/** Before it begins, for a deletion while nothing is created. */
const PATIENT_MS = 90_000;

interface Waiter {
  /** When its work began. */
  readonly since: number;
  readonly entered: number;
  /** When it gives up. */
  readonly until: number;
  /** What it waited for when it came. */
  readonly why: string;
  resolve(failure: Wait | undefined): void;
}

/** All that wait for the same limits for the same purpose, those whose work began first in front. */
interface Line {
  readonly kind: Kind;
  readonly purpose: Purpose;
  readonly waiters: Waiter[];
}

export function createBudgetQueue({ now, sleep, longestWaitMs, limitsOf }: QueueOptions): BudgetQueue {
  const lines = new Map<string, Line>();
  const serve = () => {
    for (let line = choose(lines.values(), now()); line !== undefined; line = choose(lines.values(), now())) {
      take(line, now());
      leave(lines, line, now())?.resolve(undefined);
    }
  };
  const wake = createWaking({ now, sleep }, () => pump());
  const pump = () => {
    if (lines.size === 0) return;
    serve();
    const at = now();
    for (const line of lines.values()) giveUp(lines, line, at);
    const soonest = (line: Line) =>
      Math.min(...line.waiters.map(({ until }) => until - at), Math.max(waitOf(line, at).milliseconds, 1));
    if (lines.size > 0) wake(Math.min(...[...lines.values()].map(soonest)));
  };
  const queue = (line: Omit<Line, "waiters">, waiter: Omit<Waiter, "resolve">) =>
    new Promise<Wait | undefined>((resolve) => {
      join(lines, { ...line, waiters: [] }, { ...waiter, resolve });
      pump();
    });
  const longestFor = (limits: readonly Limit[], purpose: Purpose, at: number) =>
    isPatient(limits, purpose, at) ? PATIENT_MS : longestWaitMs;
  return {
    pump,
    enter(kind, purpose, mayWait, work) {
      const at = now();
      const siblings = limitsOf(kind.provider.name.subscriptionId);
      const longestMs = longestFor(siblings, purpose, at);
      const jam = mayWait && isNew(work) ? jamOf(siblings, purpose, at) : NO_WAIT;
      if (jam.milliseconds > longestMs) return jam;
      if (isNext(kind, purpose) && longestWait(kind.limits, purpose, at).milliseconds === 0) {
        begin(work, at);
        return void take({ kind, purpose }, at);
      }
      const forecast = longestWait(kind.limits, purpose, at, true);
      const patienceMs = Math.max(longestMs, (work?.begunAt ?? Number.NEGATIVE_INFINITY) + WORK_MS[purpose] - at);
      if (!mayWait) return forecast;
      if (forecast.milliseconds > patienceMs) {
        remember(kind.limits, purpose, at, longestWaitMs);
        return forecast;
      }
      const since = begin(work, at);
      return queue({ kind, purpose }, { since, entered: at, until: at + patienceMs, why: forecast.says });
    },
  };
}

function isNext({ limits }: Kind, purpose: Purpose): boolean {
  return limits.every((limit) => waitingUpTo(limit, purpose) === 0 && !isSomebodyOwed(limit));
}

/**
 * Deletions wait longer while no creation waits or was refused lately: nobody waits for them, and all of them are here when a
 * limit opens again, instead of coming back one by one.
 */
function isPatient(limits: readonly Limit[], purpose: Purpose, at: number): boolean {
  const isCreating = ({ counts }: Limit) => counts.refusedUntil.create > at || counts.waiting.create > 0;
  return purpose === "delete" && !limits.some(isCreating);
}

function isNew(work: Work | undefined): boolean {
  return work !== undefined && work.begunAt === undefined;
}

function begin(work: Work | undefined, at: number): number {
  if (work === undefined) return at;
  work.begunAt ??= at;
  return work.begunAt;
}

/** How long new work would wait where those of its purpose wait, or were refused lately. */
function jamOf(limits: readonly Limit[], purpose: Purpose, at: number): Wait {
  const jammed = limits.filter((limit) => limit.counts.refusedUntil[purpose] > at || waitingUpTo(limit, purpose) > 0);
  return longestWait(jammed, purpose, at, true);
}

/** What refuses a call is where the next of the purpose need not begin: it will be needed by them as well. */
function remember(limits: readonly Limit[], purpose: Purpose, at: number, longestWaitMs: number): void {
  for (const limit of limits) {
    const { milliseconds } = limit.wait(at, purpose, { ahead: waitingUpTo(limit, purpose) });
    if (milliseconds > longestWaitMs) limit.counts.refusedUntil[purpose] = at + milliseconds;
  }
}

function join(lines: Map<string, Line>, empty: Line, waiter: Waiter): void {
  const { kind, purpose } = empty;
  const key = `${purpose} ${kind.key}`;
  const line = lines.get(key) ?? empty;
  lines.set(key, line);
  for (const { counts } of kind.limits) counts.waiting[purpose] += 1;
  line.waiters.splice(line.waiters.findLastIndex(({ since }) => since <= waiter.since) + 1, 0, waiter);
}

function giveUp(lines: Map<string, Line>, line: Line, at: number): void {
  for (const waiter of line.waiters.filter(({ until }) => until <= at)) {
    const { milliseconds, says } = waitOf(line, at);
    leave(lines, line, at, waiter)?.resolve({ milliseconds, says: says || waiter.why });
  }
}

/** One timer for all that wait; an earlier one replaces it, and its own end then changes nothing. */
function createWaking({ now, sleep }: Pick<QueueOptions, "now" | "sleep">, run: () => void) {
  let next = Number.POSITIVE_INFINITY;
  return (milliseconds: number) => {
    const at = now() + milliseconds;
    if (at >= next) return;
    next = at;
    void sleep(milliseconds).then(() => {
      if (next === at) next = Number.POSITIVE_INFINITY;
      run();
    });
  };
}

function take({ kind, purpose }: Pick<Line, "kind" | "purpose">, at: number): void {
  for (const limit of kind.limits) {
    limit.take(at);
    const { waiting, passedOver } = limit.counts;
    passedOver[purpose] = 0;
    for (const later of PURPOSES.slice(PURPOSES.indexOf(purpose) + 1)) if (waiting[later] > 0) passedOver[later] += 1;
  }
}

/** Removes one of a line, the first if no other is named. */
function leave(lines: Map<string, Line>, line: Line, at: number, which = line.waiters[0]): Waiter | undefined {
  const { kind, purpose, waiters } = line;
  if (which === undefined) return undefined;
  waiters.splice(waiters.indexOf(which), 1);
  for (const { counts } of kind.limits) {
    counts.waiting[purpose] -= 1;
    if (counts.waiting[purpose] === 0) counts.passedOver[purpose] = 0;
  }
  kind.provider.counts.waitedMs += at - which.entered;
  if (waiters.length === 0) lines.delete(`${purpose} ${kind.key}`);
  return which;
}

/** The first in order that may be sent now, and takes nothing that one before it will need at once. */
function choose(lines: Iterable<Line>, at: number): Line | undefined {
  const kept = new Set<Limit>();
  const rank = (line: Line) => (isOwed(line) ? -1 : PURPOSES.indexOf(line.purpose));
  const since = ({ waiters }: Line) => waiters[0]?.since ?? at;
  const inOrder = [...lines].sort((a, b) => rank(a) - rank(b) || since(a) - since(b));
  for (const line of inOrder) {
    const { limits } = line.kind;
    const { milliseconds } = waitOf(line, at);
    if (milliseconds === 0 && !limits.some((limit) => kept.has(limit))) return line;
    if (milliseconds <= KEPT_FOR_MS) for (const limit of limits) kept.add(limit);
  }
  return undefined;
}

function waitOf(line: Line, at: number): Wait {
  let longest = NO_WAIT;
  for (const limit of line.kind.limits)
    longest = longer(longest, limit.wait(at, line.purpose, { isOwed: isOwed(line) }));
  return longest;
}

/** A call has to wait for all of its limits; at the end of the line, behind those that go first. */
function longestWait(limits: readonly Limit[], purpose: Purpose, at: number, isAtEnd = false): Wait {
  let longest = NO_WAIT;
  for (const limit of limits) {
    longest = longer(longest, limit.wait(at, purpose, { ahead: isAtEnd ? waitingUpTo(limit, purpose) : 0 }));
  }
  return longest;
}

function longer(one: Wait, other: Wait): Wait {
  return other.milliseconds > one.milliseconds ? other : one;
}

function isOwed({ kind, purpose }: Line): boolean {
  return kind.limits.some(({ counts }) => counts.passedOver[purpose] >= PASSED_OVER);
}

function isSomebodyOwed({ counts }: Limit): boolean {
  return PURPOSES.some((each) => counts.passedOver[each] >= PASSED_OVER);
}
