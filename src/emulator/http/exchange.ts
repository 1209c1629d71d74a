/** Between node:http and the services: a request becomes a `Call`, a `Reply` becomes the bytes of an answer. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Call, Reply } from "./call.ts";

/** Reads the head of a request, not its body. `scheme` is that of the listener. */
export function toCall(request: IncomingMessage, scheme: "http" | "https"): Call {
  const authority = request.headers.host ?? localAuthority(request.socket);
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/]*/i, "");
  const [path = "", query = ""] = splitOnce(target, "?");
  return {
    id: randomUUID(),
    method: (request.method ?? "GET").toUpperCase(),
    host: authority
      .replace(/:\d+$/, "")
      .replace(/^\[(.*)\]$/, "$1")
      .toLowerCase(),
    origin: originOf(scheme, authority),
    path: path === "" ? "/" : path,
    query: new URLSearchParams(query),
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body: request,
  };
}

/**
 * Scheme and authority as clients compare them: without the scheme's default port (RFC 9110 4.2.3). MSAL writes an
 * authority like this, and rejects answers that write it differently.
 */
export function originOf(scheme: "http" | "https", authority: string): string {
  const standard = scheme === "https" ? /:443$/ : /:80$/;
  return `${scheme}://${authority.replace(standard, "")}`;
}

function localAuthority(socket: Socket): string {
  const address = socket.localAddress ?? "127.0.0.1";
  return `${address.includes(":") ? `[${address}]` : address}:${socket.localPort}`;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Sends the answer and resolves when it has been written. A HEAD answer has only headers. */
export async function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const { headers, content } = render(reply);
  response.writeHead(reply.status, headers);
  if (request.method === "HEAD" || content === undefined) {
    response.end();
    discard(content);
  } else if (content instanceof Readable) {
    await pipeline(content, response);
  } else {
    response.end(content);
  }
  // An unread request body would block the next request on this connection.
  if (!request.readableEnded) request.resume();
}

/** Sends the head and the first `bytes` of the body, then closes the connection. */
export function sendTruncated(response: ServerResponse, reply: Reply, bytes: number): void {
  const { headers, content } = render(reply);
  const whole = typeof content === "string" ? Buffer.from(content) : content;
  response.writeHead(reply.status, headers);
  if (Buffer.isBuffer(whole)) response.write(whole.subarray(0, bytes), () => response.destroy());
  else {
    response.flushHeaders();
    discard(content);
    setImmediate(() => response.destroy());
  }
}

function discard(content: string | Buffer | Readable | undefined): void {
  if (content instanceof Readable) content.destroy();
}

type OutgoingHeaders = Record<string, string | string[]>;

function render(reply: Reply): { headers: OutgoingHeaders; content: string | Buffer | Readable | undefined } {
  const headers: OutgoingHeaders = {};
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    // Names of blob metadata keep their case, as in Azure; no other header depends on it.
    const key = /^x-ms-meta-/i.test(name) ? name : name.toLowerCase();
    headers[key] = typeof value === "string" ? value : [...value];
  }
  const { body } = reply;
  if (body instanceof Readable) return { headers, content: body };
  const isData = typeof body === "string" || Buffer.isBuffer(body) || body === undefined;
  const content = isData ? body : JSON.stringify(body);
  if (!isData) headers["content-type"] ??= "application/json; charset=utf-8";
  if (reply.status !== 204 && reply.status !== 304)
    headers["content-length"] ??= String(Buffer.byteLength(content ?? ""));
  return { headers, content };
}

/** The whole body, or undefined when it is longer than `limitBytes`. */
export async function readBody(body: Readable, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const data = chunk as Buffer;
    length += data.length;
    if (length > limitBytes) return undefined;
    chunks.push(data);
  }
  return Buffer.concat(chunks);
}
