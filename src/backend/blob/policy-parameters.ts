/**
 * Which parameter of a class makes a new account comply with an Azure Policy. Everything that an account's body has and that is
 * not here is the same for every class, so that no class can comply with a policy that wants it otherwise.
 * test/unit/backend/policy-parameters.test.ts holds this to the parameters' rows and to the body that Azure receives.
 */
import { MUST_NOT_BE_SET, type Wish } from "../../azure/refusals/policy-operator.ts";
import { findByName } from "../../text/members.ts";
import { findRow, isUsed } from "../../volume/class/parameter-row.ts";
import { PARAMETERS } from "./parameters.ts";

/** Property of an account, as policies name it -> the parameter with the same values. */
export const SAME_VALUES: Readonly<Record<string, string>> = {
  location: "location",
  "sku.name": "skuName",
  accessTier: "accessTier",
  isHnsEnabled: "isHnsEnabled",
  publicNetworkAccess: "publicNetworkAccess",
  "encryption.requireInfrastructureEncryption": "requireInfraEncryption",
  "sasPolicy.expirationAction": "sasExpirationAction",
};

/** Property -> its values that a parameter can cause, and how. */
const OTHER_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kind: { StorageV2: 'skuName: "Standard_LRS"', BlockBlobStorage: 'skuName: "Premium_LRS"' },
  "sku.tier": { Standard: 'skuName: "Standard_LRS"', Premium: 'skuName: "Premium_LRS"' },
  "networkAcls.defaultAction": { Deny: 'publicNetworkAccess: "Disabled"' },
};

const STANDARD = ["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS", "Standard_RAGRS", "Standard_RAGZRS"];
/** What a parameter can be, for a policy that names no value that would do: the strictest first. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  publicNetworkAccess: ["Disabled", "SecuredByPerimeter", "Enabled"],
  requireInfraEncryption: ["true", "false"],
  isHnsEnabled: ["false", "true"],
  sasExpirationAction: ["Block", "Log"],
  accessTier: ["Hot", "Cool", "Cold"],
  skuName: [...STANDARD, "Premium_LRS", "Premium_ZRS"],
};

/** As it stands in a class: `location: "westeurope"`; undefined where no class can comply with all that is wanted of it. */
export function complyingParameter(property: string, wishes: readonly Wish[]): string | undefined {
  const isAllowed = (value: string) => wishes.every((wish) => wish.allows(value));
  const wanted = wishes.flatMap((wish) => wish.wanted);
  const tag = /^tags\.(.+)$/i.exec(property)?.[1];
  if (tag !== undefined) return complyingTag(tag, wishes, wanted.find(isAllowed));
  const others = findByName(OTHER_VALUES, property);
  if (others !== undefined) {
    const value = Object.keys(others).find(isAllowed);
    return value === undefined ? undefined : others[value];
  }
  const parameter = findByName(SAME_VALUES, property);
  if (parameter === undefined) return undefined;
  const choices = CHOICES[parameter] ?? [];
  const value = [...wanted, ...choices].find((each) => isAllowed(each) && isAccepted(parameter, each));
  if (value !== undefined) return `${parameter}: "${asInClass(value)}"`;
  return choices.length === 0 && wanted.length === 0 ? `another ${parameter}` : undefined;
}

function complyingTag(tag: string, wishes: readonly Wish[], wanted: string | undefined): string | undefined {
  if (wishes.some(({ must }) => must === MUST_NOT_BE_SET)) return `tags without ${tag}`;
  const value = wanted ?? "<value>";
  return isAccepted("tags", `${tag}=${value.replaceAll(",", "")}`) ? `tags: "${tag}=${value}"` : undefined;
}

function isAccepted(parameter: string, text: string): boolean {
  const row = findRow(PARAMETERS, parameter);
  return row !== undefined && isUsed(row) && "value" in row.kind(text, {});
}

/** Policies write True and False. */
function asInClass(value: string): string {
  return /^(true|false)$/i.test(value) ? value.toLowerCase() : value;
}
