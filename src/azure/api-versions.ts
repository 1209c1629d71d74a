/**
 * The api-version of every request. The SDKs' own are the newest, and clouds other than the public one know them a year later:
 * in May 2026 US Government and China refused 2025-08-01 of Microsoft.Storage (terraform-provider-azurerm 32402, 32301).
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { DriverError } from "../errors.ts";
import {
  newestOlder,
  OTHER_API_VERSIONS,
  OTHERWISE_VERSIONED,
  STORAGE_API_VERSIONS,
  type StorageApiVersion,
  supportedVersions,
} from "../text/azure-api-versions.ts";
import { answeredError } from "./error-body.ts";
import { targetOf } from "./request-target.ts";

/** A cloud does not know the version of a provider that was sent first, and an older one is used from now on. */
export interface ApiVersionFallback {
  readonly provider: string;
  readonly from: string;
  readonly to: string;
}

/** What is sent in this process; one for all connections to a cloud. */
export interface ApiVersions {
  /** Undefined for a provider that is not pinned. */
  current(provider: string): string | undefined;
  /** After a refusal of `sent`: the version to send instead, which is remembered, or undefined when there is none. */
  fallBack(provider: string, sent: string, supported: readonly string[]): string | undefined;
}

export interface ApiVersionsOptions {
  /** Of Microsoft.Storage. */
  readonly storage: StorageApiVersion;
  readonly fellBack: (fallback: ApiVersionFallback) => void;
}

const STORAGE = "Microsoft.Storage";
const KNOWN: Readonly<Record<string, readonly string[]>> = { ...OTHER_API_VERSIONS, [STORAGE]: STORAGE_API_VERSIONS };

export function createApiVersions({ storage, fellBack }: ApiVersionsOptions): ApiVersions {
  const pinned = Object.entries(OTHER_API_VERSIONS).map(([provider, versions]) => [provider, versions.at(-1)] as const);
  const current = new Map<string, string | undefined>([...pinned, [STORAGE, storage]]);
  return {
    current: (provider) => current.get(provider),
    fallBack(provider, sent, supported) {
      const now = current.get(provider);
      // Another request has been refused meanwhile, and has found what this cloud knows.
      if (now !== undefined && now !== sent && supported.includes(now)) return now;
      const to = newestOlder(sent, KNOWN[provider] ?? [], supported);
      if (to === undefined) return undefined;
      current.set(provider, to);
      fellBack({ provider, from: sent, to });
      return to;
    },
  };
}

/**
 * ARM's codes for an api-version that it does not know: of a type in a region, of a type (404 as well as 400), of ARM's own.
 * Other faults have these codes too, such as a region without the type: then the version that was sent is in the list.
 */
const REFUSALS = ["NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter"];

/**
 * Sends the pinned version, whatever the SDK or a link of Azure's says, and once more with an older one when the cloud does
 * not know it. Throws Misconfigured when it knows none. Before the policy that keeps the errors of answers (`error-body.ts`).
 */
export function createApiVersionPolicy(versions: ApiVersions): PipelinePolicy {
  return {
    name: "keyless-csi-api-version",
    async sendRequest(request, next) {
      const provider = providerOf(request);
      const sent = versions.current(provider);
      if (sent === undefined) return next(request);
      setVersion(request, sent);
      const response = await next(request);
      const supported = refusalOf(response);
      if (supported === undefined || isOther(response, supported, sent)) return response;
      // Where it lists the version itself, an older one would not help, and would hide properties until the process ends.
      const older = supported.includes(sent) ? undefined : versions.fallBack(provider, sent, supported);
      if (older === undefined) throw unknownVersion(provider, sent, supported);
      setVersion(request, older);
      const again = await next(request);
      const stillSupported = refusalOf(again);
      if (stillSupported === undefined || isOther(again, stillSupported, older)) return again;
      throw unknownVersion(provider, older, stillSupported);
    },
  };
}

const SPELLED = new Map(Object.keys(KNOWN).map((name) => [name.toLowerCase(), name]));

/** The provider of the last resource in the path, spelled as Azure spells it if it is pinned; "" for what its versions do not hold for. */
function providerOf({ method, url }: PipelineRequest): string {
  const { provider, type } = targetOf(method, url);
  const spelled = SPELLED.get(provider);
  if (spelled === undefined) return provider;
  // What asks about the provider itself is asked of Microsoft.Resources.
  return type === "" || OTHERWISE_VERSIONED.includes(type) ? "" : spelled;
}

/** In the text of the URL: to parse and write the query would encode a page token another way than Azure did. */
function setVersion(request: PipelineRequest, version: string): void {
  const { url } = request;
  const replaced = url.replace(/([?&])api(?:-|%2d)version=[^&#]*/i, `$1api-version=${version}`);
  const hasVersion = /[?&]api-version=/.test(replaced);
  request.url = hasVersion ? replaced : `${url}${url.includes("?") ? "&" : "?"}api-version=${version}`;
}

/** Whether the version is not what is refused. A 404 is never handed on: it would read as "there is no such account". */
function isOther({ status }: PipelineResponse, supported: readonly string[], sent: string): boolean {
  return status !== 404 && supported.includes(sent);
}

/** The versions that the cloud knows, [] if it does not say, or undefined when the version was not refused. */
function refusalOf({ status, request }: PipelineResponse): string[] | undefined {
  if (status !== 400 && status !== 404) return undefined;
  const { code, message } = answeredError(request) ?? {};
  if (typeof code !== "string" || !REFUSALS.includes(code)) return undefined;
  return supportedVersions(typeof message === "string" ? message : "");
}

/** How many of the cloud's versions are named; Azure lists the newest first or last, and knows some forty. */
const SHOWN = 5;

function unknownVersion(provider: string, sent: string, supported: readonly string[]): DriverError {
  const newest = [...supported].sort().slice(-SHOWN).reverse();
  const known = newest.length === 0 ? "" : `, whose newest are ${newest.join(", ")}`;
  const remedy =
    provider === STORAGE
      ? `set --storage-api-version to a version that this cloud knows and that \`keyless-csi controller --help\` lists`
      : "this cloud is older than this program supports";
  return new DriverError(
    "Misconfigured",
    `Azure does not know api-version ${sent} of ${provider} in this cloud${known}, and no older one that this program ` +
      `works with; ${remedy}`,
  );
}
