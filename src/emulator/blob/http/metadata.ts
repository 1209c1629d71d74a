/** Metadata: `x-ms-meta-*` headers to and from records ("Setting and retrieving properties and metadata"). */
import { setOwn } from "../../json.ts";
import { StorageError } from "../../storage/errors.ts";
import type { BlobRequest } from "./request.ts";

const PREFIX = "x-ms-meta-";
/** "The size of the metadata can't exceed 8 KiB in total", names and values together. */
const LIMIT_BYTES = 8192;
/** Names must be C# identifiers. */
const IDENTIFIER = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*$/u;

/** Reads the metadata of a request with its names as they were sent; 400 when a name or the size is not permitted. */
export function readMetadata(request: BlobRequest): Record<string, string> {
  const metadata: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of metadataHeaders(request)) {
    if (name === "") throw new StorageError("EmptyMetadataKey");
    if (!IDENTIFIER.test(name)) throw new StorageError("InvalidMetadata");
    const text = value.trim();
    setOwn(metadata, name, text);
    size += Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  if (size > LIMIT_BYTES) throw new StorageError("MetadataTooLarge");
  return metadata;
}

/** Whether the request has any metadata of its own. */
export function hasMetadata(request: BlobRequest): boolean {
  return Object.keys(request.call.headers).some((name) => name.startsWith(PREFIX));
}

/** As answer headers. */
export function metadataAnswer(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [PREFIX + name, value]));
}

/** Names keep their case, so they are taken from the raw headers; a name that is sent twice has its values joined. */
function metadataHeaders({ call }: BlobRequest): [string, string][] {
  const names = new Map<string, string>();
  for (const [index, name] of (call.rawHeaders ?? []).entries()) {
    if (index % 2 === 0 && name.toLowerCase().startsWith(PREFIX)) names.set(name.toLowerCase(), name);
  }
  return Object.entries(call.headers)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [(names.get(name) ?? name).slice(PREFIX.length), String(value ?? "")]);
}
