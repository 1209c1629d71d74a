/**
 * The attributes that conditions may name, and how their values are found. Sources: Azure RBAC
 * "conditions-authorization-actions-attributes" and Storage "storage-auth-abac-attributes".
 */

/** Where an attribute's value comes from. */
type AttributeSource = "request" | "resource" | "principal" | "environment";

/** `@Source[name]`. */
export interface Attribute {
  readonly source: AttributeSource;
  readonly name: string;
}

/** Values by attribute name, such as "Microsoft.Storage/storageAccounts/blobServices/containers:name". */
export type AttributeValues = Readonly<Record<string, string | readonly string[]>>;

/** What a call offers to conditions. What is absent compares as false. */
export interface ConditionAttributes {
  readonly request?: AttributeValues;
  readonly resource?: AttributeValues;
  readonly environment?: AttributeValues;
  readonly principal?: AttributeValues;
  /**
   * The resource does not exist: whatever a condition requires of it counts as met. (A DELETE of
   * what is already gone is answered 204, not 403.)
   */
  readonly resourceIsAbsent?: boolean;
  /** Such as "Blob.List" or "Blob.Read.WithTagConditions". */
  readonly subOperation?: string;
}

const ASSIGNMENT = /^Microsoft\.Authorization\/roleAssignments:(RoleDefinitionId|PrincipalId|PrincipalType)$/i;
const TAGS = /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs\/tags(:.+|&\$keys\$&)$/i;
const VERSIONS = /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs:(snapshot|versionId)$/i;

const KNOWN: Record<AttributeSource, readonly RegExp[]> = {
  request: [
    ASSIGNMENT,
    TAGS,
    VERSIONS,
    /^subOperation$/i,
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs:(prefix|include)$/i,
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs:permanentDelete$/i,
  ],
  resource: [
    ASSIGNMENT,
    TAGS,
    VERSIONS,
    /^Microsoft\.Storage\/storageAccounts:(name|isHnsEnabled)$/i,
    /^Microsoft\.Storage\/storageAccounts\/encryptionScopes:name$/i,
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers:name$/i,
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/metadata:.+$/i,
    /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/blobs:(path|isCurrentVersion|blobType)$/i,
  ],
  environment: [
    /^UtcNow$/i,
    /^isPrivateLink$/i,
    /^Microsoft\.Network\/privateEndpoints$/i,
    /^Microsoft\.Network\/virtualNetworks\/subnets$/i,
  ],
  principal: [/^Microsoft\.Directory\/CustomSecurityAttributes\/Id:\w+_\w+$/i],
};

/** Whether Azure documents an attribute of this name at this source. */
export function isKnownAttribute(source: AttributeSource, name: string): boolean {
  return KNOWN[source].some((shape) => shape.test(name));
}

/** The values of an attribute in a call; empty when the call has none. */
export function valuesOf(attribute: Attribute, attributes: ConditionAttributes): readonly string[] {
  if (attribute.source === "request" && attribute.name.toLowerCase() === "suboperation") {
    return attributes.subOperation === undefined ? [] : [attributes.subOperation];
  }
  const wanted = comparableName(attribute.name);
  for (const [name, value] of Object.entries(attributes[attribute.source] ?? {})) {
    if (comparableName(name) === wanted) return typeof value === "string" ? [value] : value;
  }
  return [];
}

/**
 * Names compare without case, but a key that is marked case-sensitive keeps it: `tags:Project<$key_case_sensitive$>`.
 */
function comparableName(name: string): string {
  const match = /^(.*?\/(?:tags|metadata)):(.*?)(<\$key_case_sensitive\$>)?$/i.exec(name);
  if (match === null) return name.toLowerCase();
  return `${match[1]?.toLowerCase()}:${match[2]}`;
}
