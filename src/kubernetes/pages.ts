/**
 * Lists page by page, in bounded memory: of each object only what is asked for is kept, and a page is read no further than
 * its byte limit. Over the client's own connection and sign-in, but not through its models: those turn a page into some five
 * times its size in instances of classes, and block the event loop meanwhile.
 */
import {
  ApiException,
  type HttpLibrary,
  HttpMethod,
  type RequestContext,
  type ServerConfiguration,
} from "@kubernetes/client-node";

/** A list to read. */
export interface Listing<T, Kept> {
  /** As in `/api/v1/persistentvolumes`. */
  readonly path: string;
  readonly fieldSelector?: string;
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

/** The client's parts that a list needs. */
export interface ListTransport {
  readonly baseServer: ServerConfiguration<Record<string, never>>;
  readonly http: HttpLibrary;
  authenticate(request: RequestContext): Promise<void>;
  /** Sets the time limit of a request. */
  limit(request: RequestContext): Promise<RequestContext>;
}

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

export function createListOpener(transport: ListTransport): OpenList {
  return async (listing) => {
    const ask = await openRequests(transport, listing.path, listing.fieldSelector);
    const { queued = (read) => read(), maxBytes = Number.POSITIVE_INFINITY } = listing;
    const kept: Exclude<ReturnType<typeof listing.keep>, undefined>[] = [];
    let read = 0;
    let limit = listing.pageSize ?? PAGE;
    let next: string | undefined = "";
    while (next !== undefined) {
      const page: Wanted = { limit, next };
      const answer = await queued(() => ask(page));
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

interface Body {
  /** How many were read. */
  readonly bytes: number;
  /** Absent when there are more than a page may have. */
  readonly text?: string;
}

/** A way to ask for pages: signed in once, so that all of them share one connection. */
async function openRequests(
  { baseServer, http, authenticate, limit: limitTime }: ListTransport,
  path: string,
  fieldSelector: string | undefined,
): Promise<(page: Wanted) => Promise<Body>> {
  const signedIn = baseServer.makeRequestContext(path, HttpMethod.GET);
  await authenticate(signedIn);
  return async ({ limit, next }) => {
    const request = baseServer.makeRequestContext(path, HttpMethod.GET);
    for (const [name, value] of Object.entries(signedIn.getHeaders())) request.setHeaderParam(name, value);
    const dispatcher = signedIn.getDispatcher();
    if (dispatcher !== undefined) request.setDispatcher(dispatcher);
    request.setHeaderParam("Accept", "application/json");
    request.setQueryParam("limit", String(limit));
    if (fieldSelector !== undefined) request.setQueryParam("fieldSelector", fieldSelector);
    if (next !== "") request.setQueryParam("continue", next);
    const { httpStatusCode, headers, body } = await http.send(await limitTime(request)).toPromise();
    const stream = body.stream();
    if (httpStatusCode === 200 && stream !== null) return await readBody(stream);
    await stream?.cancel();
    throw new ApiException(httpStatusCode, "the list was refused", undefined, headers);
  };
}

/** Stops reading, and closes the connection, at the limit. */
async function readBody(stream: ReadableStream<Uint8Array>): Promise<Body> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > PAGE_BYTES) return { bytes };
    parts.push(part);
  }
  return { bytes, text: Buffer.concat(parts).toString("utf8") };
}
