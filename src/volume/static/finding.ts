/** What was found about a static volume: a line for each thing that has to be right. */
import { DriverError, type Reason } from "../../errors.ts";

/**
 * `"ok"`: it is as it must be. `"note"`: worth knowing, and nothing has to be done. `"missing"`: what can be
 * done before or after the objects are made. `"wrong"`: no pod could use the volume, or not safely.
 */
export interface Finding {
  readonly state: "ok" | "note" | "missing" | "wrong";
  readonly text: string;
  /** Of az, by which somebody puts it right: a line each. */
  readonly command?: readonly string[];
}

/** What an operator, a tenant or an administrator of Azure can put right; anything else is a failure of the command. */
const REPAIRABLE: readonly Reason[] = ["Misconfigured", "NotOurs"];

/** What `work` answers, or nothing where it throws an error that says what is wrong. */
export async function lookFor<T>(
  findings: Finding[],
  work: () => Promise<T>,
  command?: readonly string[],
): Promise<{ readonly found: T } | undefined> {
  try {
    return { found: await work() };
  } catch (error) {
    if (!(error instanceof DriverError) || !REPAIRABLE.includes(error.reason)) throw error;
    findings.push({ state: "wrong", text: error.message, ...(command && { command }) });
    return undefined;
  }
}

/** The same, and says what is right about it. */
export async function look<T>(
  findings: Finding[],
  work: () => Promise<T>,
  { ok, command }: { readonly ok: (found: T) => string; readonly command?: readonly string[] },
): Promise<T | undefined> {
  const looked = await lookFor(findings, work, command);
  if (looked === undefined) return undefined;
  findings.push({ state: "ok", text: ok(looked.found) });
  return looked.found;
}

export function isWrong(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === "wrong");
}
