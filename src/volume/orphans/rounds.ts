/** The background task: counts what is left in Azure, and removes of it what may be removed without being asked. */
import type { Turn } from "../../concurrency/background.ts";
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { type CleanupRules, findDue } from "./cleanup.ts";
import { findExcesses } from "./limits.ts";
import type { OrphanCount } from "./observer.ts";
import { isRetained, type Orphan } from "./orphan.ts";
import { createOrphanRemoval } from "./removal.ts";
import { type OrphanSurvey, surveyOrphans } from "./survey.ts";
import { createOrphanWatch } from "./watch.ts";

export interface OrphanRoundsOptions {
  readonly publish: (counts: readonly OrphanCount[]) => void;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  /** Absent: nothing is removed. */
  readonly cleanup?: CleanupRules | undefined;
}

/** As `keyless-csi orphans` has it by default: what was changed within this time may be about to be used. */
const YOUNG_MS = 3_600_000;

/** A round of one term. Throws the first of what has failed, after everything else is done. */
export function createOrphanRounds(
  deps: Dependencies,
  { publish, now, date, cleanup }: OrphanRoundsOptions,
): (turn: Turn) => Promise<void> {
  const clean = cleanup && createCleanup(deps, cleanup, now);
  let last = "";
  const report = (orphans: readonly Orphan[]) => {
    const counts = countOrphans(orphans);
    const text = JSON.stringify(counts);
    if (text !== last && (last !== "" || orphans.length > 0)) deps.ports.observer.orphansFound(counts);
    last = text;
    publish(counts);
  };
  return async (turn) => {
    const dateMs = date();
    const survey = await surveyOrphans(deps, { olderThanMs: YOUNG_MS, nowMs: dateMs, pace: () => turn.spend() });
    turn.signal.throwIfAborted();
    if (clean === undefined) return report(survey.orphans);
    const removed = new Set<Orphan>();
    try {
      await clean({ survey, dateMs, turn, removed });
    } finally {
      report(survey.orphans.filter((orphan) => !removed.has(orphan)));
    }
  };
}

interface CleanupRound {
  readonly survey: OrphanSurvey;
  readonly dateMs: number;
  readonly turn: Turn;
  /** Receives what was removed. */
  readonly removed: Set<Orphan>;
}

function createCleanup(deps: Dependencies, rules: CleanupRules, now: () => number) {
  const { observer } = deps.ports;
  const watch = createOrphanWatch();
  const remove = createOrphanRemoval(deps, { now, onlyEmpty: true });
  /** Ids of what was found to hold something in this term. */
  const left = new Set<string>();
  const removeUnlessUsed = async (orphan: Orphan): Promise<boolean> => {
    try {
      if ((await remove(orphan)) !== "removed") return false;
    } catch (error) {
      if (!(error instanceof DriverError) || error.reason !== "InUse") throw error;
      left.add(orphan.id);
      observer.orphanLeft(orphan, error.message);
      return false;
    }
    observer.orphanRemoved(orphan);
    return true;
  };
  return async ({ survey, dateMs, turn, removed }: CleanupRound): Promise<void> => {
    watch.saw({ survey, at: now(), dateMs });
    assertWithinLimits(deps, survey);
    const problems: unknown[] = [];
    for (const orphan of findDue(deps, survey, { ...rules, watch })) {
      if (left.has(orphan.id)) continue;
      // Another replica may run the tasks by now.
      await turn.spend();
      try {
        if (await removeUnlessUsed(orphan)) removed.add(orphan);
      } catch (error) {
        problems.push(error);
      }
    }
    if (problems.length > 0) throw problems[0];
  };
}

/** What the command would not delete without a further word is nothing that happens by itself. */
function assertWithinLimits({ settings, backend }: Dependencies, { orphans, needed }: OrphanSurvey): void {
  const [excess] = findExcesses(orphans, { needed, clusterId: settings.clusterId, noun: backend.noun });
  if (excess === undefined) return;
  const fix = "look at what `keyless-csi orphans` lists, and find out for each why nothing needs it";
  throw new DriverError("Misconfigured", `orphans are not cleaned up: ${excess.why}; ${fix}`);
}

const KINDS: readonly Orphan["kind"][] = ["file system", "account", "role assignment", "credential"];

/** Every kind and state that there can be, also those without any: an alert compares numbers. */
function countOrphans(orphans: readonly Orphan[]): readonly OrphanCount[] {
  return KINDS.flatMap((kind) => {
    const states = kind === "file system" ? (["orphan", "kept", "retained"] as const) : (["orphan", "kept"] as const);
    return states.map((state) => {
      const counted = orphans.filter((orphan) => orphan.kind === kind && stateOf(orphan) === state);
      return { kind, state, count: counted.length };
    });
  });
}

function stateOf(orphan: Orphan): OrphanCount["state"] {
  if (isRetained(orphan)) return "retained";
  return orphan.keptBecause === undefined ? "orphan" : "kept";
}
