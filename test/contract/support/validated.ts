// Which sentences Azure itself has confirmed: `npm run contract:live` writes each that passed into validated.json, with the day,
// the kind of subscription and the api-versions. An emulator that answers `contract:live` confirms nothing.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Chapter, Sentence } from "./sentence.ts";

/** How one sentence was confirmed. */
export interface Validation {
  /** `2026-11-26` */
  readonly date: string;
  /** Azure's quota id of the subscription, such as `PayAsYouGo_2014-09-01`. */
  readonly subscriptionKind: string;
  /** Of the calls that the sentence made: of ARM, and `x-ms-version` of Blob. */
  readonly apiVersions: readonly string[];
}

/** By {@link nameOf} the sentence. */
export type Validations = Readonly<Record<string, Validation>>;

const FILE = join(dirname(fileURLToPath(import.meta.url)), "..", "validated.json");

/** Resource Manager of the clouds that Microsoft runs. */
const AZURE = [
  "https://management.azure.com",
  "https://management.usgovcloudapi.net",
  "https://management.chinacloudapi.cn",
];

/** Whether what answers there is Azure. */
export function isAzure(armEndpoint: string): boolean {
  return AZURE.includes(armEndpoint.replace(/\/$/, ""));
}

/** A sentence is known by its words: one that is reworded must be confirmed again. */
export function nameOf({ title }: Chapter, { says }: Sentence): string {
  return `${title}: ${says}`;
}

export async function readValidations(file = FILE): Promise<Validations> {
  return JSON.parse(await readFile(file, "utf8")) as Validations;
}

/** Adds what a run has confirmed; what earlier runs confirmed stays, unless a later one has confirmed it again. */
export async function recordValidations(confirmed: Validations, file = FILE): Promise<void> {
  const all = { ...(await readValidations(file)), ...confirmed };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(file, `${JSON.stringify(sorted, null, 2)}\n`);
}
