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
    ...placementProblems(texts, volumeClass, settings),
  ];
}

/** Those that name the identity, and that a ServiceAccount's identity makes meaningless. */
const IDENTITY_NAMES = ["clientID", "tenantID", "principalID"];

function identityProblems(texts: ReadonlyMap<string, string>, volumeClass: VolumeClass): string[] {
  const stated = IDENTITY_NAMES.filter((name) => texts.has(name.toLowerCase()));
  if (volumeClass.identity === "parameters") {
    const others = stated.length === 0 ? "" : ` without ${stated.join(" and ")}`;
    const missing =
      "clientID is missing: give the client id of the identity that opens the volumes, or set " +
      `identity: serviceAccount${others}, and each claim's ServiceAccount names it`;
    const needless =
      'defaultServiceAccount has no meaning with identity "parameters": remove it, or set identity: serviceAccount';
    return [
      ...(texts.has("clientid") ? copiedIds(volumeClass) : [missing]),
      ...(texts.has("defaultserviceaccount") ? [needless] : []),
    ];
  }
  return stated.map(
    (name) => `${name} has no meaning with identity "serviceAccount", where the ServiceAccount names it: remove it`,
  );
}

/** An identity has three ids that look alike, and its principal is what gets the access. */
function copiedIds({ clientId, principalId, tenantId, subscriptionId }: VolumeClass): string[] {
  const principalIs = findCopied(principalId, { "the client id": clientId, "the tenant's id": tenantId });
  const clientIs = findCopied(clientId, { "the tenant's id": tenantId, "the subscription's id": subscriptionId });
  return [
    ...(principalIs === undefined
      ? []
      : [`principalID "${principalId}" is ${principalIs}: set it to the object id of the identity, or remove it`]),
    ...(clientIs === undefined ? [] : [`clientID "${clientId}" is ${clientIs}: set it to the identity's client id`]),
  ];
}

function findCopied(id: string | undefined, others: Readonly<Record<string, string | undefined>>): string | undefined {
  if (id === undefined) return undefined;
  return Object.entries(others).find(([, other]) => other?.toLowerCase() === id)?.[0];
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

function placementProblems(texts: ReadonlyMap<string, string>, volumeClass: VolumeClass, settings: Settings): string[] {
  if (isAllowedGroup(settings, volumeClass)) return [];
  const { resourceGroup, subscriptionId } = volumeClass;
  const isBoth = texts.has("resourcegroup") && texts.has("subscriptionid");
  return [
    `resourceGroup "${resourceGroup}" in subscription "${subscriptionId}" is not one that the operator allows: ` +
      `remove ${isBoth ? "both parameters" : "it"}, or ask for it in the controller's --allowed-resource-groups`,
  ];
}
