/** What listings share: paging parameters, markers, and the frame of the XML answer. */
import type { Reply } from "../../http/call.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import type { BlobRequest } from "./request.ts";
import { element, escapeXml, xmlDocument } from "./xml.ts";

/** Maximum and default number of items on a page. */
const PAGE_SIZE = 5000;

/** `maxresults`: 1 or more, capped at 5,000; 400 OutOfRangeQueryParameterValue below 1. */
export function readPageSize(query: URLSearchParams): number {
  const value = query.get("maxresults");
  if (value === null || value === "") return PAGE_SIZE;
  if (!/^-?\d{1,10}$/.test(value)) throw invalidQuery("maxresults", value);
  if (Number(value) >= 1) return Math.min(Number(value), PAGE_SIZE);
  const range = { MinimumAllowed: "1", MaximumAllowed: "2147483647" };
  throw new StorageError("OutOfRangeQueryParameterValue", {
    details: { QueryParameterName: "maxresults", QueryParameterValue: value, ...range },
  });
}

/** `include`, a list; 400 InvalidQueryParameterValue for a word that is not permitted here. */
export function readInclude(query: URLSearchParams, permitted: readonly string[]): ReadonlySet<string> {
  const value = query.get("include");
  const words = (value ?? "").split(",").map((word) => word.trim().toLowerCase());
  const wanted = words.filter((word) => word !== "");
  if (wanted.every((word) => permitted.includes(word))) return new Set(wanted);
  throw invalidQuery("include", value, "Invalid query parameter value.");
}

/** A marker is opaque to clients: here the key of the next item, in base64url. */
export function writeMarker(key: string): string {
  return Buffer.from(`2!${key}`, "utf8").toString("base64url");
}

/** The key in the request's `marker`, or undefined; 400 when no listing returned it. */
export function readMarker(query: URLSearchParams): string | undefined {
  const value = query.get("marker");
  if (value === null || value === "") return undefined;
  const text = Buffer.from(value, "base64url").toString("utf8");
  if (!text.startsWith("2!")) throw new StorageError("OutOfRangeInput");
  return text.slice(2);
}

/** Where the account's Blob service is, as the caller sees it, with a trailing slash. */
export function serviceEndpoint({ call, target, account }: BlobRequest): string {
  return target.pathStyle ? `${call.origin}/${account.name}/` : `${call.origin}/`;
}

/** One page: the parameters as they came, the items, and the marker of the next page. */
export interface Page {
  readonly attributes: Readonly<Record<string, string>>;
  /** Element that holds the items: `Blobs` or `Containers`. */
  readonly holder: string;
  readonly items: readonly string[];
  readonly nextMarker: string;
}

/** 200 with the page as XML. */
export function listingReply(request: BlobRequest, page: Page): Reply {
  const attributes = Object.entries(page.attributes).map(([name, value]) => ` ${name}="${escapeXml(value)}"`);
  const echoed = (["Prefix", "Marker", "MaxResults", "Delimiter"] as const).flatMap((name) => {
    const value = request.call.query.get(name.toLowerCase());
    return value === null || value === "" ? [] : [element(name, value)];
  });
  const items =
    page.items.length === 0 ? `<${page.holder} />` : `<${page.holder}>${page.items.join("")}</${page.holder}>`;
  const body = `${echoed.join("")}${items}${element("NextMarker", page.nextMarker)}`;
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xmlDocument(`<EnumerationResults${attributes.join("")}>${body}</EnumerationResults>`),
  };
}

/** `<Metadata>` with one element for each name. */
export function metadataXml(metadata: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(metadata).map(([name, value]) => element(name, value));
  return pairs.length === 0 ? "<Metadata />" : `<Metadata>${pairs.join("")}</Metadata>`;
}
