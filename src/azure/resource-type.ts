/** The type of the resource that an ARM URL leads to. */

/**
 * `Microsoft.Storage/storageAccounts/blobServices/containers`: the types of the path's last provider, no names; few values,
 * fit for a metric's label.
 */
export function resourceTypeOf(url: string): string {
  const path = new URL(url).pathname.split("/").filter((segment) => segment !== "");
  const provider = path.map((segment) => segment.toLowerCase()).lastIndexOf("providers");
  if (provider < 0) return path.filter((_, index) => index % 2 === 0).join("/");
  const [namespace, ...rest] = path.slice(provider + 1);
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}
