/** A call to Blob as read from its head: account, container, blob, version. Rights and bodies come later. */
import type { Call, Reply } from "../../http/call.ts";
import type { BlobTarget, Services } from "../../services.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";
import type { Caller } from "../auth/caller.ts";
import { isKnownVersion, OLDEST_DEFAULT_VERSION } from "./versions.ts";

/** What is known of a call before authentication. */
export interface Unauthenticated {
  readonly call: Call;
  readonly services: Services;
  readonly target: BlobTarget;
  readonly account: StorageAccount;
  readonly version: string;
  /** When the call arrived, in milliseconds since the epoch by the emulator's clock. */
  readonly now: number;
  /** What the path names according to the Data Lake service; absent: it is read as Blob reads it. */
  readonly address?: Address;
}

/** What an operation is given. */
export interface BlobRequest extends Unauthenticated {
  /** Empty when the call is for the service. */
  readonly container: string;
  /** Decoded; empty when the call is for the container or the service. */
  readonly blob: string;
  readonly caller: Caller;
  /** Handles another call to the service: the subrequests of a batch. */
  readonly answer: (call: Call, target: BlobTarget) => Promise<Reply>;
}

/** Which of the three kinds of resource a path names. */
export interface Address {
  readonly level: "service" | "container" | "blob";
  readonly container: string;
  readonly blob: string;
}

const SPECIAL_CONTAINERS = new Set(["$root", "$web", "$logs", "$blobchangefeed"]);

/**
 * Finds what a path names. A single segment without `restype=container` is a blob of the root container ("Working with
 * the root container").
 */
export function parseAddress(path: string, query: URLSearchParams): Address {
  const decoded = decodePath(path.replace(/^\/+/, ""));
  if (decoded === "") return { level: "service", container: "", blob: "" };
  const slash = decoded.indexOf("/");
  const first = slash < 0 ? decoded : decoded.slice(0, slash);
  const rest = slash < 0 ? "" : decoded.slice(slash + 1);
  const namesContainer = rest === "" && query.has("restype");
  if (rest !== "") return { level: "blob", container: containerName(first), blob: blobName(rest) };
  if (namesContainer) return { level: "container", container: containerName(first), blob: "" };
  return { level: "blob", container: "$root", blob: blobName(first) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new StorageError("InvalidUri");
  }
}

/**
 * A query whose names are in lower case, as Blob compares them: `?versionId=` is `?versionid=`, and must not be taken for a
 * parameter that means nothing.
 */
export function withLowerNames(query: URLSearchParams): URLSearchParams {
  const pairs = [...query].map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return pairs.every(([name]) => query.has(name)) ? query : new URLSearchParams(pairs);
}

/** Checks a container's name ("Naming and referencing containers, blobs, and metadata"). */
export function containerName(name: string): string {
  if (SPECIAL_CONTAINERS.has(name)) return name;
  if (!/^[a-z0-9-]*$/.test(name) || /^-|-$|--/.test(name)) throw new StorageError("InvalidResourceName");
  if (name.length < 3 || name.length > 63) {
    const message = "The specified resource name length is not within the permissible limits.";
    throw new StorageError("OutOfRangeInput", { message });
  }
  return name;
}

function blobName(name: string): string {
  if (name.length > 1024 || name.split("/").length > 254) throw new StorageError("InvalidUri");
  return name;
}

/**
 * The service version of a call. One that Azure does not know is 400 InvalidHeaderValue; none at all is right only for
 * anonymous calls and for keys, which then get an old one.
 */
export function parseVersion(value: string | undefined): string {
  if (value === undefined) return OLDEST_DEFAULT_VERSION;
  if (!isKnownVersion(value)) throw invalidHeader("x-ms-version", value);
  return value;
}
