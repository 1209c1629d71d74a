/**
 * Which service a call is for: by host name as in Azure, and by path on all other names (loopback addresses), where
 * all services share one host.
 */
import { isDataLakeCall } from "../dfs/routes.ts";
import type { BlobService, BlobTarget } from "../services.ts";
import type { Call, Reply, Service } from "./call.ts";

type ServiceName = "arm" | "entra" | "graph" | "blob" | "dfs" | "admin" | "issuer" | "imds";

/** A call on its way to its service. */
export interface RoutedCall {
  readonly service: ServiceName;
  /** The service's name for the call, if its head is enough to know. */
  readonly operation: string | undefined;
  run(): Promise<Reply>;
}

/** The services that share the emulator's listeners. */
export interface RoutedServices {
  readonly arm: Service;
  readonly entra: Service;
  readonly graph: Service;
  readonly blob: BlobService;
  readonly dfs: BlobService;
  readonly admin: Service;
  readonly issuer: Service;
}

const ENTRA_HOSTS = new Set([
  "login.microsoftonline.com",
  "login.microsoft.com",
  "login.windows.net",
  "sts.windows.net",
]);
const ARM_HOST = "management.azure.com";
const GRAPH_HOST = "graph.microsoft.com";
const STORAGE_HOST = /^([^.]+)\.(blob|dfs)\.core\.windows\.net$/;

/** First path segments of ARM. A storage account with one of these names is reachable by its host name only. */
const ARM_PATHS = new Set(["subscriptions", "providers", "tenants", "metadata", "batch"]);
/** First path segments of Entra: a tenant's id or domain (no account has a hyphen or a dot), or any tenant. */
const TENANT = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^/]+\.[^/]+)$/;
const ANY_TENANT = new Set(["common", "organizations", "consumers"]);
/** Paths that cannot be containers, so that Entra gets to refuse a tenant that does not exist. */
const ENTRA_ONLY = /^\/[^/]+\/(?:v2\.0|\.well-known)\//;
const ENTRA_TOKEN = /^\/[^/]+\/oauth2\/(?:v2\.0\/)?token$/;
/** Second path segments of Entra, after a word that could also be an account's name. */
const ENTRA_PATHS = new Set(["oauth2", "v2.0", ".well-known", "discovery"]);

/** Creates the function that finds a call's service; it never fails: unclaimed paths go to storage or ARM. */
export function createRouter(services: RoutedServices): (call: Call) => RoutedCall {
  return (call) => {
    const name = serviceOf(call);
    if (name === "blob" || name === "dfs") return routeToStorage(name, services[name], call);
    const service = services[name];
    return { service: name, operation: service.operationOf?.(call), run: () => service(call) };
  };
}

function serviceOf(call: Call): keyof RoutedServices {
  const segments = call.path.slice(1).toLowerCase().split("/");
  if (segments[0] === "_emulator") return "admin";
  return serviceOfHost(call.host) ?? serviceOfPath(call, segments);
}

function serviceOfHost(host: string): keyof RoutedServices | undefined {
  if (ENTRA_HOSTS.has(host)) return "entra";
  if (host === ARM_HOST) return "arm";
  if (host === GRAPH_HOST) return "graph";
  const storage = STORAGE_HOST.exec(host)?.[2];
  return storage === "blob" || storage === "dfs" ? storage : undefined;
}

function serviceOfPath(call: Call, [first = "", second = ""]: readonly string[]): keyof RoutedServices {
  if (first === "_oidc") return "issuer";
  if (TENANT.test(first) || (ANY_TENANT.has(first) && ENTRA_PATHS.has(second))) return "entra";
  if (ENTRA_ONLY.test(call.path) || (call.method === "POST" && ENTRA_TOKEN.test(call.path))) return "entra";
  // `/` alone belongs to no service; ARM answers it with one of its errors.
  if (first === "" || ARM_PATHS.has(first)) return "arm";
  return isDataLakeCall(call) ? "dfs" : "blob";
}

function routeToStorage(service: "blob" | "dfs", storage: BlobService, call: Call): RoutedCall {
  const target = blobTarget(call);
  return { service, operation: storage.operationOf?.(call, target), run: () => storage(call, target) };
}

function blobTarget(call: Call): BlobTarget {
  const named = STORAGE_HOST.exec(call.host)?.[1];
  if (named !== undefined) return { account: named, path: call.path, pathStyle: false };
  const end = call.path.indexOf("/", 1);
  const account = end < 0 ? call.path.slice(1) : call.path.slice(1, end);
  return { account, path: end < 0 ? "/" : call.path.slice(end), pathStyle: true };
}
