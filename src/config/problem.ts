/** What is invalid in the settings that an operator wrote, as data: everything is collected and reported at once. */

import { shown } from "../text/cut.ts";

export interface SettingProblem {
  /** The setting's flag name without dashes, or "" when no one setting is meant. */
  readonly setting: string;
  /** Where it was written: `--endpoint`, `KEYLESS_CSI_ENDPOINT`, `controller.yaml: endpoint`. */
  readonly source: string;
  /** What was written, if it may be shown. */
  readonly value?: string;
  /** Another setting that could have given this one: while that one is invalid, nobody knows whether this is a problem. */
  readonly mayComeFrom?: string;
  /** What is wrong and what to do, continuing the line after "source "value": ". */
  readonly problem: string;
}

/** `--location "": is empty; name an Azure region`. Control characters are escaped and long values cut. */
export function toLine({ source, value, problem }: SettingProblem): string {
  if (value === undefined) return `${source}: ${problem}`;
  return `${source} ${JSON.stringify(shown(value))}: ${problem}`;
}
