/**
 * Every request goes to ARM's own host, wherever a link in one of its answers leads: the SDKs follow a list's `nextLink` and
 * the address of a poll as they are, with the controller's token. ARM asks resource providers to name the host that was
 * called (azure-resource-manager-rpc 67), and one that does not still means a path that ARM knows.
 */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";

/** The same path and query at the host of `endpoint`. */
export function atOwnHost(endpoint: string, link: string): string {
  const { pathname, search } = new URL(link);
  const own = new URL(endpoint);
  // Set, not joined: a path that begins with two slashes would name a host.
  own.pathname = pathname;
  own.search = search;
  return own.href;
}

export function createOwnHostPolicy(endpoint: string): PipelinePolicy {
  const { origin } = new URL(endpoint);
  return {
    name: "keyless-csi-own-host",
    sendRequest(request, next) {
      // Nearly every request: where the slash follows, neither a longer name nor a user fits between.
      if (request.url.startsWith(`${origin}/`)) return next(request);
      const asked = new URL(request.url);
      const isOwn = asked.origin === origin && asked.username === "" && asked.password === "";
      if (!isOwn) request.url = atOwnHost(endpoint, request.url);
      return next(request);
    },
  };
}
