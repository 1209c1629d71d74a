/**
 * The SDKs' HTTP client on undici's dispatcher: the same answers and errors as from their own client, which builds two agents,
 * three streams and an abort controller for each request. Docs: docs/decisions/0016-a-light-way-to-azure.md.
 */
import type { HttpClient, PipelineRequest, RawHttpHeaders } from "@azure/core-rest-pipeline";
import type { Agent } from "undici";
import { remembering } from "../concurrency/remembered.ts";
import { type BoundedOptions, createBoundedHttpClient, MOST_BYTES } from "./bounded-http-client.ts";
import { abortError, Exchange, sendError } from "./http-exchange.ts";

/**
 * To one host. ARM is a single host for all subscriptions, and each volume in flight waits for one answer at a time; where
 * Azure answers nothing, requests behind these wait, and fail by their own time limit.
 */
const MOST_CONNECTIONS = 64;
/** Claims come in bursts. Azure says nothing of its own limit, and closes what was idle for some minutes. */
const KEEP_ALIVE_MS = 60_000;
/** A connection that is not there by then will not come, and what waits for it was never sent. */
const CONNECT_MS = 10_000;

/**
 * Sends over connections that are kept, HTTP/1.1 only. Nothing is sent twice here: that is the SDKs' decision. Idle connections
 * keep no process alive. `timeout` and `abortSignal` of a request count until the end of its answer.
 *
 * Rejects with what the SDKs' own client rejects with: an AbortError; a RestError without a status that has the system's code
 * (`ECONNRESET`, `ENOTFOUND`, ...), by which the SDKs decide whether to repeat; PARSE_ERROR where an answer breaks off, cannot
 * be decoded or is longer than `mostBytes`, and then the connection is closed. A request with a proxy, an agent or TLS
 * settings goes through the SDKs' own client. Bodies that are streams are refused.
 */
export function createHttpClient(options: BoundedOptions = {}): HttpClient {
  const { mostBytes = MOST_BYTES, onHead } = options;
  const ownClient = createBoundedHttpClient(options);
  let loading: Promise<Agent> | undefined;
  let agent: Agent | undefined;
  return {
    async sendRequest(request) {
      if (needsOwnClient(request)) return await ownClient.sendRequest(request);
      const { origin, path } = addressOf(request);
      const body = bodyOf(request);
      if (agent === undefined) {
        // The promise, not the agent: requests that arrive while the module is loaded would each make one of their own.
        loading ??= createAgent();
        agent = await loading;
      }
      // It may have been aborted while the module was loaded.
      if (request.abortSignal?.aborted === true) throw abortError();
      const exchange = new Exchange({ request, mostBytes, onHead });
      agent.dispatch({ origin, path, method: request.method, headers: headersOf(request), body }, exchange);
      return await exchange.answer;
    },
  };
}

/** Loaded with the first request: the module takes some 50 ms, and the service begins to serve without it. */
async function createAgent(): Promise<Agent> {
  const { Agent } = await import("undici");
  return new Agent({
    connections: MOST_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_MS },
    allowH2: false,
    // The request's own limit counts.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** The SDK's proxy policy sets an agent, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. */
function needsOwnClient({ agent, proxySettings, tlsSettings }: PipelineRequest): boolean {
  return agent !== undefined || proxySettings !== undefined || tlsSettings !== undefined;
}

interface Address {
  readonly origin: string;
  readonly path: string;
}

function addressOf(request: PipelineRequest): Address {
  const { url } = request;
  const address = PLAIN.test(url) ? split(url) : parse(url);
  if (!address.origin.startsWith("https:") && !request.allowInsecureConnection) {
    throw sendError(new Error(`Cannot connect to ${url} while allowInsecureConnection is false.`), request);
  }
  return address;
}

/** Nearly all: a path and a query that are sent as they are spelled, without escapes and without `.` as a segment. */
const PLAIN = /^https?:\/\/[\w.:-]+(?:\/(?!\.)[\w.~-]*)+(?:\?[\w.~=&-]*)?$/;
const originOf = remembering((base: string) => new URL(base).origin);

function split(url: string): Address {
  const at = url.indexOf("/", "https://".length);
  return { origin: originOf(url.slice(0, at)), path: url.slice(at) };
}

function parse(url: string): Address {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
}

function headersOf({ headers, disableKeepAlive }: PipelineRequest): RawHttpHeaders {
  const named = headers.toJSON({ preserveCase: true });
  if (disableKeepAlive) named["connection"] = "close";
  return named;
}

function bodyOf(request: PipelineRequest): string | Uint8Array | null {
  const body = typeof request.body === "function" ? request.body() : request.body;
  if (body === undefined || body === null) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw sendError(new TypeError("this HTTP client sends texts and bytes, and no streams, forms or blobs"), request);
}
