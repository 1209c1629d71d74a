/**
 * Lists page by page, in bounded memory: of each object only what is asked for is kept, and a page is read no further than
 * its byte limit.
 */
import type { Api } from "./api.ts";
import type { Body } from "./exchange.ts";

interface Place {
  /** As in `/api/v1/persistentvolumes`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** A list to read. */
export interface Listing<T, Kept> extends Place {
  /** Objects in a page. Default 500, as the API server's own clients ask. */
  readonly pageSize?: number;
  /** Bytes of the whole list, as JSON. Absent: all of it is read, however long it is. */
  readonly maxBytes?: number;
  /** What is kept of an object; undefined: nothing. */
  keep(object: T): Kept | undefined;
  /** Reads a page. Absent: at once; a queue here limits how many lists hold a page at a time. */
  readonly queued?: <R>(read: () => Promise<R>) => Promise<R>;
}

/** The list is longer than its limit, or one of its objects is larger than a page. */
export class ListTooLong extends Error {
  constructor(maxBytes: number) {
    super(`the list has more than ${maxBytes} bytes`);
    this.name = "ListTooLong";
  }
}

/**
 * Throws ListTooLong, or the API server's error, also for an expired continue token (410), and an Error for what is not a
 * list: half a list proves nothing.
 */
export type OpenList = <T, Kept>(listing: Listing<T, Kept>) => Promise<Kept[]>;

const PAGE = 500;
/** A page is read whole before it is parsed, some 50 ms of work for this much. A single object has at most 3 MiB. */
const PAGE_BYTES = 4 << 20;
/** The part of its objects that is asked for when a page is too large. */
const SMALLER = 4;

/** Some objects of a list: `items` is null when an empty list is written by Go. */
interface Page<T> {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly continue?: string };
}

export function createListOpener(api: Api): OpenList {
  return async (listing) => {
    const { queued = (read) => read(), maxBytes = Number.POSITIVE_INFINITY } = listing;
    const kept: Exclude<ReturnType<typeof listing.keep>, undefined>[] = [];
    let read = 0;
    let limit = listing.pageSize ?? PAGE;
    let next: string | undefined = "";
    while (next !== undefined) {
      const page: Wanted = { limit, next };
      const answer = await queued(() => askForPage(api, listing, page));
      read += answer.bytes;
      if (read > maxBytes) throw new ListTooLong(maxBytes);
      if (answer.text === undefined) {
        if (limit === 1) throw new ListTooLong(PAGE_BYTES);
        limit = Math.ceil(limit / SMALLER);
      } else {
        next = keepPage(answer.text, listing.keep, kept);
      }
    }
    return kept;
  };
}

/**
 * Parses a page and keeps of it what is wanted; the answer is where the next one begins. Throws for JSON that is not a list,
 * as something between here and the API server may send it: an empty list would mean that nothing is in use.
 */
function keepPage<T, Kept>(text: string, keep: (object: T) => Kept | undefined, kept: Kept[]): string | undefined {
  const { items, metadata } = JSON.parse(text) as Page<T>;
  if (items !== null && !Array.isArray(items)) throw new Error("the answer is not a list");
  for (const object of items ?? []) {
    const part = keep(object);
    if (part !== undefined) kept.push(part);
  }
  return metadata?.continue || undefined;
}

interface Wanted {
  /** How many objects at most. */
  readonly limit: number;
  /** The API server's continue token, `""` for the first page. */
  readonly next: string;
}

async function askForPage(api: Api, { path, ...selectors }: Place, { limit, next }: Wanted): Promise<Body> {
  const { fieldSelector, labelSelector } = selectors;
  const query = {
    limit: String(limit),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(next !== "" && { continue: next }),
  };
  return await api.list(path, query, PAGE_BYTES);
}
