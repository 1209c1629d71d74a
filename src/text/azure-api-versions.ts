/** The api-versions of Azure's resource providers that this program works with, and how ARM says which ones a cloud knows. */

/**
 * Of Microsoft.Storage, oldest first: the stable ones since the first that shows `isLocalUserEnabled`, whose absence means that
 * local users are on (Microsoft's Python clients of each version; Azure/azure-rest-api-specs, `stable`). A volume is created and
 * deleted with each of them in test/csi/api-versions.test.ts.
 */
export const STORAGE_API_VERSIONS = [
  "2021-08-01",
  "2021-09-01",
  "2022-05-01",
  "2022-09-01",
  "2023-01-01",
  "2023-04-01",
  "2023-05-01",
  "2024-01-01",
  "2025-01-01",
  "2025-06-01",
  "2025-08-01",
  "2026-04-01",
  "2026-06-01",
  "2026-09-01",
] as const;

export type StorageApiVersion = (typeof STORAGE_API_VERSIONS)[number];

/** By provider, oldest first; Microsoft.Storage is absent, since its version depends on the cloud. */
export const OTHER_API_VERSIONS = {
  /** With conditions, and what the SDK sends (arm-authorization 9). */
  "Microsoft.Authorization": ["2022-04-01"],
  /** The first stable one with federated credentials. */
  "Microsoft.ManagedIdentity": ["2023-01-31"],
  /** Of checkPolicyRestrictions. The newest alone gives the reasons that the assignments' owners state. */
  "Microsoft.PolicyInsights": ["2020-07-01", "2022-03-01", "2023-03-01", "2024-10-01"],
} as const;

/** Types of Microsoft.Authorization that have api-versions of their own: of Azure Policy and of locks. Lower case. */
export const OTHERWISE_VERSIONED: readonly string[] = [
  "policyassignments",
  "policydefinitions",
  "policysetdefinitions",
  "locks",
];

/**
 * The api-versions that a refusal lists, or [] when it lists none. ARM's words: `The supported api-versions are 'a, b'.`
 * (NoRegisteredProviderFound, InvalidResourceType) and `The supported versions are 'a,b'.` (InvalidApiVersionParameter).
 */
export function supportedVersions(message: string): string[] {
  const [, listed = ""] = /supported (?:api-)?versions are '([^']*)'/i.exec(message) ?? [];
  return listed.split(",").flatMap((version) => version.trim() || []);
}

/** The newest of `known` that is older than `version` and among `supported`. */
export function newestOlder(
  version: string,
  known: readonly string[],
  supported: readonly string[],
): string | undefined {
  return known.findLast((each) => each < version && supported.includes(each));
}
