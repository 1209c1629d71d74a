/** Response headers of both services of the data plane. */
import type { Call } from "../../http/call.ts";
import { httpTime } from "../../storage/times.ts";

/** What every answer has, refused or not ("Common response headers"). */
export function standardHeaders(call: Call, now: number, server: string): Record<string, string> {
  const version = call.headers["x-ms-version"];
  const clientId = call.headers["x-ms-client-request-id"];
  return {
    server,
    "x-ms-request-id": call.id,
    date: new Date(now).toUTCString(),
    ...(typeof version === "string" ? { "x-ms-version": version } : {}),
    ...(typeof clientId === "string" && /^[\x20-\x7e]{1,1024}$/.test(clientId)
      ? { "x-ms-client-request-id": clientId }
      : {}),
  };
}

/** ETag and Last-Modified. */
export function versionHeaders(resource: { etag: string; lastModified: number }): Record<string, string> {
  return { etag: resource.etag, "last-modified": httpTime(resource.lastModified) };
}
