// What Azure does with a body of which one member is wrong, and where that stands. The types, words and required members are those
// of Microsoft's models; the rest is the list below.
import type { Found, Kind } from "./mutants.ts";
import type { Write } from "./writes.ts";

/** Refused with a code, or accepted as if the member had not been sent, or accepted as it is. */
export type Verdict = `400 ${string}` | `404 ${string}` | "absent" | "set";

/** Where each verdict comes from; those that are assumptions say so. */
export const WHY: Readonly<Record<string, string>> = {
  absent:
    "Accepted as if the member had not been sent, and not shown afterwards: providers read JSON into typed objects. Of `properties` of " +
    "Microsoft.Storage no page says it; the variant `unknownMembersRefused` is the other possibility. Null for what bicep templates leave open is " +
    "how Azure Verified Modules write it",
  set: "Accepted as it is. Azure does not check that a principal exists once `principalType` is sent (RBAC, troubleshooting); a tag without a value is an empty one",
  InvalidRequestContent:
    "ARM itself reads the members beside `properties`, and refuses one that it does not know ([azure-sdk-for-java#646](https://github.com/Azure/azure-sdk-for-java/issues/646), " +
    "seen for PUT and PATCH alike). That a required `sku` or `kind` is missed with this code is an assumption",
  RequestIsNotValidJson:
    "Microsoft.Storage's answer to what it cannot read into its types, seen for null where an enumeration is expected ([bicep#9712](https://github.com/Azure/bicep/issues/9712), [bicep-registry-modules#878](https://github.com/Azure/bicep-registry-modules/issues/878)). " +
    'That it does not read `"true"` as a truth value either is an assumption, and the strict one',
  InvalidRequestPropertyValue:
    "Microsoft.Storage's answer to a word that cannot be ([ResourceModules#535](https://github.com/Azure/ResourceModules/issues/535)); " +
    "for words that no enumeration has, the variant `unknownValuesUnreadable` is the other possibility",
  InvalidValuesForRequestParameters:
    "Microsoft.Storage's answer to a nested member that is wrong ([azure-cli#7417](https://github.com/Azure/azure-cli/issues/7417), [azure-cli#13828](https://github.com/Azure/azure-cli/issues/13828)). " +
    "That one which the models require is missed with the same code is an assumption",
  ContainerOperationFailure:
    "Microsoft.Storage's answer to what the blob service refuses, here metadata without a value; that it gets as far is an assumption",
  InvalidAccountType:
    "[Error codes of Storage Accounts - Create](https://learn.microsoft.com/rest/api/storagerp/srp_error_codes_create_storage_account)",
  InvalidAccessTier:
    "[Error codes of Storage Accounts - Create](https://learn.microsoft.com/rest/api/storagerp/srp_error_codes_create_storage_account)",
  LocationRequired: "ARM's answer for every tracked resource",
  BadRequestFormat: "Microsoft.Authorization's answer to what it cannot read, and to a missing role or principal",
  InvalidPrincipalType:
    "Microsoft.Authorization says which types of principals it takes ([azure-cli#11594](https://github.com/Azure/azure-cli/issues/11594)); the code is an assumption",
  RoleDefinitionDoesNotExist: "Azure RBAC, troubleshooting",
  BadRequest:
    "Microsoft.ManagedIdentity's answer to a credential without issuer, subject or audiences; that wrong types have it too is an assumption",
};

/** Members that a write cannot do without, with the code that misses them. */
const REQUIRED: Readonly<Record<string, Readonly<Record<string, Verdict>>>> = {
  "storageAccounts/create": {
    location: "400 LocationRequired",
    sku: "400 InvalidRequestContent",
    "sku.name": "400 InvalidRequestContent",
    kind: "400 InvalidRequestContent",
  },
  "roleAssignments/create": {
    properties: "400 BadRequestFormat",
    "properties.roleDefinitionId": "400 BadRequestFormat",
    "properties.principalId": "400 BadRequestFormat",
  },
  "federatedCredentials/create": {
    properties: "400 BadRequest",
    "properties.issuer": "400 BadRequest",
    "properties.subject": "400 BadRequest",
    "properties.audiences": "400 BadRequest",
  },
  // An enabled policy needs its days, 1 to 365 (DeleteRetentionPolicy).
  "blobServices/set": {
    "properties.deleteRetentionPolicy.days": "400 InvalidRequestPropertyValue",
    "properties.containerDeleteRetentionPolicy.days": "400 InvalidRequestPropertyValue",
  },
};

/** What Azure does with a mutant. */
export function expected(write: Write, of: Found, kind: Kind): Verdict {
  switch (kind) {
    case "dropped":
      return missing(write, of);
    case "misspelt":
      return of.path.includes(".") ? missing(write, of) : "400 InvalidRequestContent";
    case "null":
      return nothing(write, of);
    case "other type":
      return unreadable(write, of);
    case "other word":
      return unknownWord(of);
    case "foreign":
      return of.path.endsWith("roleDefinitionId") ? "404 RoleDefinitionDoesNotExist" : "set";
  }
}

function missing(write: Write, { path, member }: Found): Verdict {
  const verdict = REQUIRED[write.route.operation]?.[path];
  if (verdict !== undefined) return verdict;
  const isNested = path.split(".").length > 2 && isStorage(write);
  return member.isRequired && isNested ? "400 InvalidValuesForRequestParameters" : "absent";
}

function nothing(write: Write, of: Found): Verdict {
  if (of.path.endsWith(".*")) return of.path.startsWith("tags") ? "set" : "400 ContainerOperationFailure";
  if (of.path.endsWith("[*]")) return unreadable(write, of);
  const isNestedWord = of.member.type === "enum" && of.path.split(".").length > 2;
  return isNestedWord && isStorage(write) ? "400 RequestIsNotValidJson" : missing(write, of);
}

/** ARM reads the members beside `properties`, and leaves `properties` themselves to the provider. */
function unreadable(write: Write, { path }: Found): Verdict {
  if (path.split(/[.[]/)[0] !== "properties") return "400 InvalidRequestContent";
  if (isStorage(write)) return "400 RequestIsNotValidJson";
  if (write.route.type.startsWith("Microsoft.ManagedIdentity/")) {
    return path === "properties" ? "400 InvalidRequestContent" : "400 BadRequest";
  }
  return "400 BadRequestFormat";
}

function unknownWord({ path }: Found): Verdict {
  if (path === "sku.name") return "400 InvalidAccountType";
  if (path === "properties.accessTier") return "400 InvalidAccessTier";
  return path === "properties.principalType" ? "400 InvalidPrincipalType" : "400 InvalidRequestPropertyValue";
}

function isStorage({ route }: Write): boolean {
  return route.type.startsWith("Microsoft.Storage/");
}
