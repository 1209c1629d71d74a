/**
 * The background check of volumes that are in use: each round finds those whose storage, or whose access to it, is gone, by a few
 * lists whatever the number of volumes. Nothing is made and nothing is deleted here.
 */
import type { Turn } from "../../concurrency/background.ts";
import type { Dependencies } from "../dependencies.ts";
import { type BoundVolume, findBoundVolumes, groupByPlace } from "./bound-volumes.ts";
import { createClaimWarnings } from "./claim-warnings.ts";
import { createFindings, type Finding } from "./findings.ts";
import { type LookedAt, lookAtGroup, type SeenVolume } from "./losses.ts";
import { warningOf } from "./volume-warnings.ts";

/** The state of all volumes that are Bound, as far as it was last seen. */
export interface VolumeReport {
  readonly checked: number;
  /** Their file system or its account is gone. */
  readonly withoutStorage: number;
  /** No role assignment opens them any more. */
  readonly withoutAccess: number;
}

export interface VolumeCheckOptions {
  /** Receives the state of all volumes once each has been seen. */
  readonly publish: (report: VolumeReport) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A round. Throws the first of what has failed, after everything else is done. */
export function createVolumeCheck(
  deps: Dependencies,
  { publish, now }: VolumeCheckOptions,
): (turn: Turn) => Promise<void> {
  const { observer } = deps.ports;
  const warnClaims = createClaimWarnings(deps.ports);
  const findings = createFindings(deps);
  let last: VolumeReport | undefined;
  return async (turn) => {
    const problems: unknown[] = [];
    const failed = (error: unknown) => void problems.push(error);
    const looked = await lookAtAll(deps, turn, failed);
    const found = await findings.update({ looked, nowMs: now(), signal: turn.signal, failed });
    turn.signal.throwIfAborted();
    const certain = found.filter(({ isCertain }) => isCertain);
    if (looked.unseen.length === 0 || last !== undefined) {
      const report = reportOf(looked, certain);
      if (hasChanged(report, last)) observer.volumesLost(report);
      publish(report);
      last = report;
    }
    const due = certain.map((finding) => {
      return { volume: finding.volume.name, claim: finding.volume.claim, warning: warningOf(deps, finding) };
    });
    problems.push(...(await warnClaims(due, turn.signal)));
    if (problems.length > 0) throw problems[0];
  };
}

/** The cluster is read first: what is being created has its PersistentVolume last. */
async function lookAtAll(deps: Dependencies, turn: Turn, failed: (error: unknown) => void): Promise<LookedAt> {
  const seen: SeenVolume[] = [];
  const unseen: BoundVolume[] = [];
  for (const group of groupByPlace(findBoundVolumes(await deps.ports.cluster.listVolumes(), deps))) {
    try {
      const looked = await lookAtGroup({ deps, spend: () => turn.spend(), failed }, group);
      seen.push(...looked.seen);
      unseen.push(...looked.unseen);
    } catch (error) {
      turn.signal.throwIfAborted();
      failed(error);
      unseen.push(...group.accounts.flatMap(({ volumes }) => volumes));
    }
  }
  return { seen, unseen };
}

function reportOf({ seen, unseen }: LookedAt, certain: readonly Finding[]): VolumeReport {
  const withoutAccess = certain.filter(({ loss }) => loss.what === "access").length;
  return { checked: seen.length + unseen.length, withoutStorage: certain.length - withoutAccess, withoutAccess };
}

function hasChanged({ withoutStorage, withoutAccess }: VolumeReport, last: VolumeReport | undefined): boolean {
  return withoutStorage !== (last?.withoutStorage ?? 0) || withoutAccess !== (last?.withoutAccess ?? 0);
}
