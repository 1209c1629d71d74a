/** The path of an ARM URL, and the type of the resource that it leads to. As texts: each request is asked for them several times. */

/** `/subscriptions/...`, as it is spelled in an absolute URL, without its query. */
export function pathOf(url: string): string {
  const begin = url.indexOf("/", url.indexOf("://") + 3);
  if (begin < 0) return "/";
  const end = url.indexOf("?", begin);
  return end < 0 ? url.slice(begin) : url.slice(begin, end);
}

/**
 * `Microsoft.Storage/storageAccounts/blobServices/containers`: the types of the path's last provider, no names; few values,
 * fit for a metric's label.
 */
export function resourceTypeOf(url: string): string {
  const path = pathOf(url)
    .split("/")
    .filter((segment) => segment !== "");
  const provider = path.findLastIndex((segment) => segment.toLowerCase() === "providers");
  if (provider < 0) return path.filter((_, index) => index % 2 === 0).join("/");
  // After the namespace types and names alternate.
  const types = path.filter((_, index) => index > provider + 1 && (index - provider) % 2 === 0);
  return [path[provider + 1], ...types].join("/");
}
