/** The objects of a static volume as YAML for kubectl. */
import { stringify } from "yaml";
import type { StaticObjects } from "../../volume/static/objects.ts";

/** Each mount option and each id on one line, however long. */
const FORM = { lineWidth: 0 } as const;

export function toManifest({ persistentVolume, claim }: StaticObjects): string {
  return `${stringify(persistentVolume, FORM)}---\n${stringify(claim, FORM)}`;
}
