/**
 * List Blobs (`GET /container?restype=container&comp=list`): flat or by delimiter, page by page, in the order of names.
 */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import type { ContainerBlobs, Entry } from "../../storage/store/container-blobs.ts";
import { listingReply, readInclude, readMarker, readPageSize, serviceEndpoint, writeMarker } from "../http/paging.ts";
import type { BlobRequest } from "../http/request.ts";
import { FIRST_PERMISSIONS_VERSION } from "../http/versions.ts";
import { requireDirectoryPrefix } from "../namespace/directories.ts";
import { blobsOf } from "./find.ts";
import { blobXml, directoryXml, type ListedBlob, nameXml, uncommittedXml } from "./list-view.ts";
import { deletedUnder } from "./soft-delete.ts";

const INCLUDES = [
  "snapshots",
  "metadata",
  "uncommittedblobs",
  "copy",
  "deleted",
  "tags",
  "versions",
  "deletedwithversions",
  "immutabilitypolicy",
  "legalhold",
];

/**
 * What `include` may name. `permissions` came with version 2020-06-12, and only accounts with a hierarchical namespace
 * have it ("List Blobs"): on a flat one it is 400, which is how blobfuse2 recognises the kind of account at each mount.
 * Only flat accounts have index tags.
 */
function includesOf({ account, version }: BlobRequest): readonly string[] {
  if (!isHierarchical(account)) return INCLUDES;
  const common = INCLUDES.filter((word) => word !== "tags");
  return version < FIRST_PERMISSIONS_VERSION ? common : [...common, "permissions"];
}

/** One item of the listing. Keys sort as the items do: name, then snapshot or version, the blob itself last. */
interface Item {
  readonly key: string;
  readonly xml: () => string;
}

/** Between the name and the snapshot in a key; no name contains it. */
const SEPARATOR = "\u0000";
/** Sorts after every snapshot id. */
const BLOB_ITSELF = "~";

interface Listing {
  readonly request: BlobRequest;
  readonly include: ReadonlySet<string>;
  /** All kinds of paths when it is undefined. */
  readonly shown: "files" | "directories" | undefined;
  readonly prefix: string;
  readonly delimiter: string;
}

export function listBlobs(request: BlobRequest): Reply {
  const { query } = request.call;
  const size = readPageSize(query);
  const listing: Listing = {
    request,
    include: readInclude(query, includesOf(request)),
    shown: readShownKind(request),
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
  };
  if (listing.delimiter !== "" && listing.include.has("snapshots")) throw invalidQuery("include", query.get("include"));
  const isTree = isHierarchical(request.account) && listing.delimiter !== "";
  if (isHierarchical(request.account)) requireDirectoryPrefix(request, listing.prefix);
  // "If you choose to use a delimiter, use only a forward slash": the only one that a hierarchical account has.
  if (isTree && listing.delimiter !== "/") throw invalidQuery("delimiter", listing.delimiter);
  const from = readMarker(query) ?? query.get("startfrom") ?? "";
  const items: string[] = [];
  let nextMarker = "";
  const all = isTree ? childrenOf(listing, blobsOf(request), from) : itemsOf(listing, blobsOf(request), from);
  for (const item of all) {
    if (items.length === size) {
      nextMarker = writeMarker(item.key);
      break;
    }
    items.push(item.xml());
  }
  return listingReply(request, {
    attributes: { ServiceEndpoint: serviceEndpoint(request), ContainerName: request.container },
    holder: "Blobs",
    items,
    nextMarker,
  });
}

/** `showonly`, which only hierarchical accounts have; the deleted paths of such an account are not emulated. */
function readShownKind({ call, account }: BlobRequest): Listing["shown"] {
  const value = call.query.get("showonly")?.toLowerCase();
  if (value === undefined) return undefined;
  if (isHierarchical(account) && value === "deleted") throw new StorageError("NotImplemented");
  if (isHierarchical(account) && (value === "files" || value === "directories")) return value;
  throw invalidQuery("showonly", value);
}

function* itemsOf(listing: Listing, blobs: ContainerBlobs, from: string): Generator<Item> {
  const names = blobs.names();
  const { prefix, delimiter } = listing;
  const [firstName = ""] = from.split(SEPARATOR);
  let index = Math.max(lowerBound(names, firstName), lowerBound(names, prefix));
  while (index < names.length) {
    const name = names[index] as string;
    if (!name.startsWith(prefix)) return;
    const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
    if (end < 0) {
      yield* linesOf(listing, blobs.entry(name), from);
      index += 1;
      continue;
    }
    const group = name.slice(0, end + delimiter.length);
    const next = lowerBound(names, successor(group));
    if (group >= from && hasLines(listing, blobs, names.slice(index, next))) yield prefixItem(group);
    index = next;
  }
}

function prefixItem(group: string): Item {
  return { key: group, xml: () => `<BlobPrefix>${nameXml(group)}</BlobPrefix>` };
}

/** On a hierarchical account: files and directories one level below the prefix, directories as prefixes. */
function* childrenOf(listing: Listing, blobs: ContainerBlobs, from: string): Generator<Item> {
  const { request, include, prefix } = listing;
  const isChild = (name: string): boolean => name.startsWith(prefix) && !name.includes("/", prefix.length);
  const items = blobs
    .names()
    .filter((name) => name !== "" && isChild(name))
    .flatMap((name) => {
      const entry = blobs.entry(name);
      const blob = entry?.blob;
      if (blob?.isDirectory !== true) return [...linesOf(listing, entry, "")];
      if (!isShown(listing.shown, true)) return [];
      return [{ key: `${name}/`, xml: () => directoryXml(request, blob, include) }];
    });
  // A directory sorts by its name with the slash: after `a!`, which is after `a`.
  yield* items.filter(({ key }) => key >= from).sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** Whether a group has anything to show: not when it contains only uncommitted blocks. */
function hasLines(listing: Listing, blobs: ContainerBlobs, names: readonly string[]): boolean {
  return names.some((name) => linesOf(listing, blobs.entry(name), "").next().done !== true);
}

function* linesOf(listing: Listing, entry: Entry | undefined, from: string): Generator<Item> {
  if (entry === undefined) return;
  for (const listed of recordsOf(listing, entry)) {
    const key = entry.name + SEPARATOR + placeOf(listed);
    if (key >= from) yield { key, xml: () => blobXml(listing.request, listed, listing.include) };
  }
  const isUncommitted = entry.blob === undefined && entry.uncommitted.size > 0;
  if (isUncommitted && listing.include.has("uncommittedblobs")) {
    const key = entry.name + SEPARATOR + BLOB_ITSELF;
    if (key >= from) yield { key, xml: () => uncommittedXml(entry.name, listing.request.now) };
  }
}

/** What is listed of a name, in the order of the keys: snapshots and versions by their ids, then the blob. */
function recordsOf({ include, request, shown }: Listing, entry: Entry): readonly ListedBlob[] {
  const deleted = include.has("deleted") ? deletedUnder(blobsOf(request), entry.name, request.now) : [];
  const others = [...deleted, ...entry.snapshots, ...entry.versions].map((blob) => ({ blob, isCurrent: false }));
  const found = [...others, ...baseOf(include, entry)];
  return found
    .filter(({ blob }) => blob.snapshot === undefined || include.has("snapshots"))
    .filter((listed) => isBase(listed) || listed.blob.snapshot !== undefined || include.has("versions"))
    .filter(({ blob }) => isShown(shown, blob.isDirectory))
    .sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
}

/** The blob itself or, with `deletedwithversions`, what stands for one that has only previous versions. */
function baseOf(include: ReadonlySet<string>, { blob, versions }: Entry): readonly ListedBlob[] {
  if (blob !== undefined) return [{ blob, isCurrent: true }];
  const latest = versions.at(-1);
  if (latest === undefined || !include.has("deletedwithversions")) return [];
  return [{ blob: latest, isCurrent: false, hasVersionsOnly: true }];
}

/** The blob itself, also a soft-deleted one, and what stands for it. */
function isBase({ blob, isCurrent, hasVersionsOnly = false }: ListedBlob): boolean {
  return isCurrent || hasVersionsOnly || (blob.snapshot === undefined && blob.versionId === undefined);
}

/** Where it stands among the lines of its name. */
function placeOf(listed: ListedBlob): string {
  const { snapshot, versionId } = listed.blob;
  return isBase(listed) ? BLOB_ITSELF : (snapshot ?? versionId ?? BLOB_ITSELF);
}

function isShown(shown: Listing["shown"], isDirectory = false): boolean {
  return shown === undefined || isDirectory === (shown === "directories");
}

/** Index of the first name that is not before the given one. */
function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first string after all strings that begin with the given one. */
function successor(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return text.slice(0, -1) + String.fromCharCode(last + 1);
}
