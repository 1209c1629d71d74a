/** Rules over several StorageClass parameters: what is missing, what contradicts, what would open one tenant to another. */
import type { Backend } from "../../backend/backend.ts";
import { shown } from "../../text/cut.ts";
import { isAllowedGroup, type Settings } from "../settings.ts";
import { EFFECTS, isUsed, type ParameterRow } from "./parameter-row.ts";
import type { VolumeClass } from "./volume-class.ts";

interface Candidate<Class extends VolumeClass> {
  readonly volumeClass: Class;
  /** The texts of the parameters that are used, by their names in lower case. */
  readonly texts: ReadonlyMap<string, string>;
  readonly settings: Settings;
  readonly backend: Backend<Class>;
}

/** Every problem, each with its fix. */
export function findContradictions<Class extends VolumeClass>(candidate: Candidate<Class>): string[] {
  const { volumeClass, texts, settings, backend } = candidate;
  return [
    ...identityProblems(texts, volumeClass),
    ...isolationProblems(texts, volumeClass),
    ...grantScopeProblems(volumeClass, settings, backend.noun),
    ...givenAccountProblems(texts, volumeClass, backend.parameters),
    ...backend.findContradictions(volumeClass),
    ...placementProblems(volumeClass, settings),
  ];
}

function identityProblems(texts: ReadonlyMap<string, string>, { identity }: VolumeClass): string[] {
  if (identity === "parameters") {
    const missing = "clientID is missing: set it to the client id of the identity that opens the volumes of this class";
    const needless = 'defaultServiceAccount has no meaning with identity "parameters": remove it';
    return [...(texts.has("clientid") ? [] : [missing]), ...(texts.has("defaultserviceaccount") ? [needless] : [])];
  }
  return ["clientID", "tenantID", "principalID"]
    .filter((name) => texts.has(name.toLowerCase()))
    .map(
      (name) => `${name} has no meaning with identity "serviceAccount", where the ServiceAccount names it: remove it`,
    );
}

function isolationProblems(texts: ReadonlyMap<string, string>, { isolation }: VolumeClass): string[] {
  if (isolation !== "volume" || !texts.has("poolsize")) return [];
  return [
    `poolSize "${shown(texts.get("poolsize") ?? "")}" has no meaning with isolation "volume": remove one of them`,
  ];
}

function grantScopeProblems({ isolation, grantScope }: VolumeClass, settings: Settings, noun: string): string[] {
  if (grantScope !== "account") return [];
  const shared = `grantScope "account" would open the ${noun}s of other tenants: use isolation "namespace" or "volume"`;
  const retained = `grantScope "account" cannot take the access to one volume away, as --on-delete=retain asks: use "${noun}"`;
  return [...(isolation === "pool" ? [shared] : []), ...(settings.retainsOnDelete ? [retained] : [])];
}

/** What creates or shares accounts has no effect on one that the administrator has made. */
function givenAccountProblems(
  texts: ReadonlyMap<string, string>,
  { storageAccount }: VolumeClass,
  rows: readonly ParameterRow[],
): string[] {
  if (storageAccount === undefined) return [];
  return rows
    .filter(isUsed)
    .filter(({ effect, isRefusedOnGiven = EFFECTS[effect].isRefusedOnGiven }) => isRefusedOnGiven)
    .filter(({ name }) => texts.has(name.toLowerCase()))
    .map(
      ({ name }) =>
        `${name} has no effect on storageAccount "${storageAccount}", whose properties are never written: remove it`,
    );
}

function placementProblems(volumeClass: VolumeClass, settings: Settings): string[] {
  if (isAllowedGroup(settings, volumeClass)) return [];
  const { resourceGroup, subscriptionId } = volumeClass;
  return [
    `resourceGroup "${resourceGroup}" in subscription "${subscriptionId}" is not one that the operator allows: ` +
      "remove the parameters, or ask for it in the controller's --allowed-resource-groups",
  ];
}
