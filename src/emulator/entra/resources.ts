/** Which resources Entra issues tokens for, and their `aud`. */

/** Resources by their application id URI without trailing slash; the emulator serves the first four itself. */
const KNOWN_RESOURCES = new Set([
  "https://management.azure.com",
  "https://management.core.windows.net",
  "https://storage.azure.com",
  "https://graph.microsoft.com",
  "https://graph.windows.net",
  "https://vault.azure.net",
  "797f4846-ba00-4fd7-ba43-dac1f8f63013", // Azure Resource Manager, by application id
  "e406a681-f3d4-42a8-90b6-c2b029497af1", // Azure Storage, by application id
]);

const STORAGE_ENDPOINT = /^https:\/\/[a-z0-9]{3,24}\.(?:blob|dfs|file|queue|table)\.core\.windows\.net$/;
/** SDKs that were given the emulator's address as ARM endpoint ask for a token for that address. */
const LOOPBACK = /^https:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/;

/** Whether Entra issues tokens for this resource; a trailing slash does not matter. */
export function isKnownResource(resource: string): boolean {
  const name = resource.replace(/\/$/, "").toLowerCase();
  return KNOWN_RESOURCES.has(name) || STORAGE_ENDPOINT.test(name) || LOOPBACK.test(name);
}

/**
 * The resource that a v2 scope names: everything before `/.default`, so that `https://management.azure.com//.default`
 * gives an audience with a trailing slash, as in Entra. Undefined when the scope has no such end.
 */
export function resourceOfScope(scope: string): string | undefined {
  const suffix = "/.default";
  return scope.toLowerCase().endsWith(suffix) && scope.length > suffix.length
    ? scope.slice(0, -suffix.length)
    : undefined;
}
