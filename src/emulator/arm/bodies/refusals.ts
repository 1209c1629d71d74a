/** In which words each provider refuses a body that it cannot read. */
import type { JsonObject } from "../../json.ts";
import type { AzureVariants } from "../../variants.ts";
import { type ArmError, badRequest } from "../front-door/errors.ts";
import type { Member } from "./model.ts";
import type { Refusals } from "./read-body.ts";

/** What a provider's refusals depend on. */
export interface Refused {
  readonly body: JsonObject;
  readonly variants: AzureVariants;
}

/** ARM's own words, which are its JSON reader's: for what ARM itself reads of a body, and for Microsoft.Resources. */
export function unreadable(detail: string, path: string): ArmError {
  return badRequest(
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${detail}. Path '${path}'.'.`,
  );
}

/** 400 with the members that are wrong, as the storage provider names them (azure-cli#7417, azure-powershell#23640). */
export function invalidValues(names: string, more = ""): ArmError {
  return badRequest("InvalidValuesForRequestParameters", `Values for request parameters are invalid: ${names}.${more}`);
}

/** 400 for a value that the member cannot have, in Azure's words (azure-cli#25748, ResourceModules#535). */
export function notAllowed(value: string, property: string, link = "storageaccounttypes"): ArmError {
  return badRequest(
    "InvalidRequestPropertyValue",
    `The value '${value}' is not allowed for property ${property}. For more information, see - https://aka.ms/${link}`,
    property,
  );
}

/**
 * Microsoft.Storage. What it cannot read into its types is RequestIsNotValidJson with the whole body (bicep#9712). Whether a
 * word that an enumeration does not have is one of these is not known: `unknownValuesUnreadable`.
 */
function storageRefusals({ body, variants }: Refused): Refusals {
  const notJson = () =>
    badRequest("RequestIsNotValidJson", `The request cannot be interpreted as valid Json: ${JSON.stringify(body)}.`);
  return {
    // The Java SDK sends `azureservices` for the bypass of a firewall.
    ignoresCase: true,
    wrongType: (path, expected) => (isForArm(path) ? wrongKind(path, expected) : notJson()),
    wrongValue(path, value) {
      if (path.startsWith("identity.")) return notConverted(path, value);
      if (path === "sku.name") return invalidSku(value);
      if (path === "properties.accessTier") return invalidTier(value);
      if (isCors(path)) return wrongCors();
      return variants.unknownValuesUnreadable ? notJson() : notAllowed(value, path.replace(/^properties\./, ""));
    },
    noValue: notJson,
    missing(path) {
      if (path === "sku.name") return undefined;
      return isCors(path) ? wrongCors() : invalidValues(path.replace(/^properties\./, ""));
    },
    unknown: (path) => (variants.unknownMembersRefused && path.includes(".") ? notJson() : undefined),
  };
}

/** 400 for a SKU that Azure does not have (srp_error_codes_create_storage_account). */
export function invalidSku(sku: string): ArmError {
  return badRequest(
    "InvalidAccountType",
    `The AccountType ${sku} is invalid. For more information, see - https://aka.ms/storageaccountskus`,
  );
}

/** What the blob service answers to CORS rules, in its own words: azure-cli#31706. */
export function wrongCors(): ArmError {
  return badRequest("ContainerOperationFailure", "The value for one of the XML nodes is not in the correct format.");
}

function isCors(path: string): boolean {
  return path.startsWith("properties.cors.");
}

function invalidTier(tier: string): ArmError {
  return badRequest("InvalidAccessTier", `The access tier '${tier}' is not allowed.`, "accessTier");
}

/** Members that ARM reads before the provider does. */
function isForArm(path: string): boolean {
  return /^(sku|identity|tags|zones|extendedLocation|placement|location|kind)\b/.test(path);
}

/** Microsoft.Authorization has one answer for everything that it cannot read (RBAC "troubleshooting"). */
function authorizationRefusals(): Refusals {
  const refuse = () => badRequest("BadRequestFormat", "The request was incorrectly formatted.");
  return {
    ignoresCase: false,
    wrongType: refuse,
    // Of principals it says which types it takes (azure-cli#11594).
    wrongValue: (path) => (path === "properties.principalType" ? undefined : refuse()),
    noValue: refuse,
    missing: () => undefined,
    unknown: () => undefined,
  };
}

/** Microsoft.ManagedIdentity answers BadRequest; that it does so for these too is an assumption. */
function identityRefusals(): Refusals {
  const refuse = (path: string) => badRequest("BadRequest", `The value of '${path}' is not valid.`);
  return {
    ignoresCase: false,
    wrongType: (path, expected) => (path.includes(".") ? refuse(path) : wrongKind(path, expected)),
    wrongValue: refuse,
    noValue: refuse,
    missing: () => undefined,
    unknown: () => undefined,
  };
}

function resourceManagerRefusals(): Refusals {
  return {
    ignoresCase: false,
    wrongType: wrongKind,
    wrongValue: notConverted,
    noValue: (path) => notConverted(path, "null"),
    missing: () => undefined,
    unknown: () => undefined,
  };
}

function wrongKind(path: string, expected: Member["type"]): ArmError {
  return unreadable(`Error converting value to type '${expected}'`, path);
}

function notConverted(path: string, value: string): ArmError {
  return unreadable(`Error converting value "${value}"`, path);
}

/** The refusals of the provider that a resource type belongs to. */
export function refusalsOf(type: string, refused: Refused): Refusals {
  if (type.startsWith("Microsoft.Storage/")) return storageRefusals(refused);
  if (type.startsWith("Microsoft.ManagedIdentity/")) return identityRefusals();
  if (/^Microsoft\.Authorization\/role/.test(type)) return authorizationRefusals();
  return resourceManagerRefusals();
}
