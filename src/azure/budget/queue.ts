/**
 * Calls that wait until Azure's limits allow them: creates first, then deletes, then what runs in the background, and within
 * a purpose in the order in which they came. Later purposes do not wait for ever: after nine calls that went first at a limit,
 * one of those that wait for it is next.
 */
import { PURPOSES, type Purpose } from "../../concurrency/purpose.ts";
import { createFifo, type Fifo } from "./fifo.ts";
import type { Kind } from "./kinds.ts";
import { type Limit, NO_WAIT, type Wait, type Waiting, waitingUpTo } from "./limit.ts";

export interface QueueOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A call that would have to wait longer fails. */
  readonly longestWaitMs: number;
}

export interface BudgetQueue {
  /**
   * Undefined, at once or later: the call is counted and may be sent. A Wait: it may not, and would have to wait for so long,
   * which is too long; at once where `mayWait` is false.
   */
  enter(kind: Kind, purpose: Purpose, mayWait: boolean): Wait | undefined | Promise<Wait | undefined>;
  /** What was waited for may have come earlier. */
  pump(): void;
}

/** Nine of ten go to the earlier purpose while both wait. */
const PASSED_OVER = 9;
/** What the next in order lacks is kept for it when it comes this soon; otherwise others would use it up one by one. */
const KEPT_FOR_MS = 1_000;

interface Waiter {
  readonly since: number;
  /** What it waited for when it came. */
  readonly why: string;
  resolve(failure: Wait | undefined): void;
}

/** All that wait for the same limits for the same purpose. */
interface Line {
  readonly kind: Kind;
  readonly purpose: Purpose;
  readonly waiters: Fifo<Waiter>;
}

export function createBudgetQueue({ now, sleep, longestWaitMs }: QueueOptions): BudgetQueue {
  const lines = new Map<string, Line>();
  const serve = () => {
    for (let line = choose(lines.values(), now()); line !== undefined; line = choose(lines.values(), now())) {
      take(line, now());
      leave(lines, line, now())?.resolve(undefined);
    }
  };
  const giveUp = (at: number) => {
    for (const line of lines.values()) {
      while (at - sinceOf(line, at) >= longestWaitMs) {
        const { milliseconds, says } = waitOf(line, at);
        const waiter = leave(lines, line, at);
        waiter?.resolve({ milliseconds, says: says || waiter.why });
      }
    }
  };
  const wake = createWaking({ now, sleep }, () => pump());
  const pump = () => {
    if (lines.size === 0) return;
    serve();
    const at = now();
    giveUp(at);
    const soonest = (line: Line) =>
      Math.min(sinceOf(line, at) + longestWaitMs - at, Math.max(waitOf(line, at).milliseconds, 1));
    if (lines.size > 0) wake(Math.min(...[...lines.values()].map(soonest)));
  };
  return {
    pump,
    enter(kind, purpose, mayWait) {
      const at = now();
      const isNext = kind.limits.every((limit) => waitingUpTo(limit, purpose) === 0 && !isSomebodyOwed(limit));
      if (isNext && longestWait(kind, purpose, at).milliseconds === 0) return void take({ kind, purpose }, at);
      const forecast = longestWait(kind, purpose, at, (limit) => ({ ahead: waitingUpTo(limit, purpose) }));
      if (!mayWait || forecast.milliseconds > longestWaitMs) return forecast;
      const key = `${purpose} ${kind.key}`;
      const line = lines.get(key) ?? { kind, purpose, waiters: createFifo<Waiter>() };
      lines.set(key, line);
      for (const { counts } of kind.limits) counts.waiting[purpose] += 1;
      return new Promise((resolve) => {
        line.waiters.push({ since: at, why: forecast.says, resolve });
        pump();
      });
    },
  };
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

/** Removes the oldest of a line. */
function leave(lines: Map<string, Line>, { kind, purpose, waiters }: Line, at: number): Waiter | undefined {
  const waiter = waiters.shift();
  for (const { counts } of kind.limits) {
    counts.waiting[purpose] -= 1;
    if (counts.waiting[purpose] === 0) counts.passedOver[purpose] = 0;
  }
  kind.provider.counts.waitedMs += at - (waiter?.since ?? at);
  if (waiters.length === 0) lines.delete(`${purpose} ${kind.key}`);
  return waiter;
}

/** The first in order that may be sent now, and takes nothing that one before it will need at once. */
function choose(lines: Iterable<Line>, at: number): Line | undefined {
  const kept = new Set<Limit>();
  const rank = (line: Line) => (isOwed(line) ? -1 : PURPOSES.indexOf(line.purpose));
  const inOrder = [...lines].sort((a, b) => rank(a) - rank(b) || sinceOf(a, at) - sinceOf(b, at));
  for (const line of inOrder) {
    const { limits } = line.kind;
    const { milliseconds } = waitOf(line, at);
    if (milliseconds === 0 && !limits.some((limit) => kept.has(limit))) return line;
    if (milliseconds <= KEPT_FOR_MS) for (const limit of limits) kept.add(limit);
  }
  return undefined;
}

/** When its oldest came. */
function sinceOf({ waiters }: Line, otherwise: number): number {
  return waiters.at(0)?.since ?? otherwise;
}

function waitOf(line: Line, at: number): Wait {
  return longestWait(line.kind, line.purpose, at, () => ({ isOwed: isOwed(line) }));
}

/** A call has to wait for all of its limits. */
function longestWait({ limits }: Kind, purpose: Purpose, at: number, how?: (limit: Limit) => Waiting): Wait {
  let longest = NO_WAIT;
  for (const limit of limits) {
    const wait = limit.wait(at, purpose, how?.(limit));
    if (wait.milliseconds > longest.milliseconds) longest = wait;
  }
  return longest;
}

function isOwed({ kind, purpose }: Line): boolean {
  return kind.limits.some(({ counts }) => counts.passedOver[purpose] >= PASSED_OVER);
}

function isSomebodyOwed({ counts }: Limit): boolean {
  return PURPOSES.some((each) => counts.passedOver[each] >= PASSED_OVER);
}
