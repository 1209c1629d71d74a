/**
 * What a check of `keyless-csi doctor` is. Each is a constant in `checks/`; `catalogue.ts` lists them in the order in which they
 * are run and shown, and docs/reference/doctor.md is made from that list.
 */
import type { DoctorContext } from "./ports.ts";

/** In the order of the report, with their headings. */
export const CATEGORY_NAMES = {
  "sign-in": "Sign-in",
  azure: "Azure",
  cluster: "Cluster",
  classes: "StorageClasses",
  claim: "Claim",
} as const;
export type Category = keyof typeof CATEGORY_NAMES;

/** What a check has found; where something is wrong, one for each thing. */
export interface Finding {
  /** A clause without a full stop. */
  readonly found: string;
  /** What to do, as a clause: `apply what ... prints`. Absent where nothing has to be done. */
  readonly fix?: string | undefined;
}

/** `unchecked`: the right to read it is missing, or there is nothing to look at; no statement about the installation. */
export type Status = "ok" | "warning" | "error" | "unchecked";

export interface Outcome {
  readonly status: Status;
  readonly findings: readonly [Finding, ...Finding[]];
}

export interface Check {
  /** Stable: scripts, alerts and links name it. Lower case with dashes, unique. */
  readonly id: string;
  readonly category: Category;
  /** What holds when it is ok, as a clause: "the controller can sign in". */
  readonly title: string;
  /** Why it matters, in one or two sentences, for the reference. */
  readonly why: string;
  /** Ids of checks without which this one means nothing: it is run unless one of them has found an error. */
  readonly needs?: readonly string[];
  /** Looks at what an installation brings along: left out with `--pre`. */
  readonly isAfterInstallation?: true;
  /** Looks at one claim: run only with `--claim`. */
  readonly isOfClaim?: true;
  /** Reads only. Throws a DriverError for what cannot be read. */
  run(context: DoctorContext): Promise<Outcome>;
}

/** Some messages state their fix, as an event shows it. */
export function toFinding(message: string): Finding {
  const [found = "", fix] = message.split(". Fix: ");
  return fix === undefined ? { found } : { found, fix };
}

/** Everything is as it should be. */
export function ok(found: string): Outcome {
  return { status: "ok", findings: [{ found }] };
}

/** Works, and will not for long, or not as people expect. */
export function warning(found: string, fix: string): Outcome {
  return { status: "warning", findings: [{ found, fix }] };
}

/** Volumes are not created, not mounted or not deleted until somebody does something. */
export function error(found: string, fix: string): Outcome {
  return { status: "error", findings: [{ found, fix }] };
}

/** Says nothing of the installation. */
export function unchecked(found: string, fix?: string): Outcome {
  return { status: "unchecked", findings: [{ found, ...(fix !== undefined && { fix }) }] };
}

const BY_WEIGHT: readonly Status[] = ["ok", "unchecked", "warning", "error"];

/** One outcome of several, with what the heaviest of them have found; `none` where there are none. */
export function heaviest(outcomes: readonly Outcome[], none: Outcome): Outcome {
  const weights = outcomes.map(({ status }) => BY_WEIGHT.indexOf(status));
  const status = BY_WEIGHT[Math.max(...weights)] ?? none.status;
  const findings = outcomes.filter((each) => each.status === status).flatMap((each) => each.findings);
  return outcomeOf(status, findings, none);
}

/** What was found, with this status; `none` where that is nothing. */
export function outcomeOf(status: Status, [first, ...rest]: readonly Finding[], none: Outcome): Outcome {
  return first === undefined ? none : { status, findings: [first, ...rest] };
}
