/**
 * Blob Batch (`comp=batch`): many deletes, or many changes of tier, in one multipart request. Each part is a call of its
 * own with its own authorization, and its answer is a part of the batch's.
 */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { type Call, OPERATION_HEADER, type Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { readBody } from "../http/body.ts";
import type { BlobRequest } from "../http/request.ts";

/** "Each batch request supports a maximum of 256 subrequests" and 4 MiB. */
const MAX_PARTS = 256;
const LIMIT_BYTES = 4 * 1024 * 1024;
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "OK",
  202: "Accepted",
  404: "Not Found",
  403: "Forbidden",
};

/** One request inside the batch, as it was written there. */
interface Part {
  readonly contentId: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Answers 202 with a part for each part, in their order, whatever became of them. */
export async function runBatch(request: BlobRequest): Promise<Reply> {
  const type = header(request, "content-type") ?? "";
  const boundary = /^multipart\/mixed;\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) throw invalidHeader("Content-Type", type);
  const parts = splitParts((await readBody(request, LIMIT_BYTES)).toString("utf8"), boundary);
  if (parts.length === 0 || parts.length > MAX_PARTS) throw new StorageError("InvalidInput");
  if (!parts.every(isPermitted)) throw new StorageError("InvalidInput");
  const answers: string[] = [];
  for (const part of parts) answers.push(await answerPart(request, part));
  const mark = `batchresponse_${randomUUID()}`;
  return {
    status: 202,
    headers: { "content-type": `multipart/mixed; boundary=${mark}` },
    body: `${answers.map((answer) => `--${mark}\r\n${answer}`).join("")}--${mark}--\r\n`,
  };
}

/** Only Delete Blob and Set Blob Tier can be batched. */
function isPermitted({ method, url }: Part): boolean {
  const comp = new URL(url, "https://part").searchParams.get("comp");
  return (method === "DELETE" && comp === null) || (method === "PUT" && comp === "tier");
}

function splitParts(body: string, boundary: string): Part[] {
  const sections = body.split(`--${boundary}`).slice(1);
  return sections.filter((section) => !section.startsWith("--")).map(readPart);
}

/** Headers of the part, an empty line, then the request as HTTP/1.1 writes it. */
function readPart(section: string): Part {
  const [partHeaders = "", inner = ""] = splitOnce(section.replace(/^\r?\n/, ""), /\r?\n\r?\n/);
  const [head = ""] = splitOnce(inner, /\r?\n\r?\n/);
  const [line = "", ...headerLines] = head.trim().split(/\r?\n/);
  const match = /^([A-Z]+)\s+(\S+)\s+HTTP\/1\.1$/.exec(line.trim());
  if (match === null) throw new StorageError("InvalidInput");
  const [, method = "", url = ""] = match;
  return {
    contentId: readHeaders(partHeaders.split(/\r?\n/))["content-id"] as string,
    method,
    url,
    headers: readHeaders(headerLines),
  };
}

function splitOnce(text: string, separator: RegExp): string[] {
  const match = separator.exec(text);
  return match === null ? [text] : [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}

function readHeaders(lines: readonly string[]): IncomingHttpHeaders {
  const pairs = lines.map((line) => /^([^:\s]+):\s*(.*)$/.exec(line.trim())).filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}

async function answerPart(request: BlobRequest, part: Part): Promise<string> {
  const url = new URL(part.url, "https://part");
  const { account, target, call: batch } = request;
  const prefix = `/${account.name}`;
  // On a loopback host clients write the account into the parts' paths, as into every path.
  const path =
    target.pathStyle && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname;
  const call: Call = {
    ...batch,
    id: randomUUID(),
    method: part.method,
    path: url.pathname,
    query: url.searchParams,
    headers: { "x-ms-version": request.version, ...part.headers },
    body: Readable.from([]),
  };
  const reply = await request.answer(call, { ...target, path });
  return renderPart(part, reply);
}

function renderPart({ contentId }: Part, reply: Reply): string {
  const body = typeof reply.body === "string" ? reply.body : "";
  const headers = Object.entries(reply.headers ?? {}).filter(([name]) => name !== OPERATION_HEADER && name !== "date");
  const lines = [
    "Content-Type: application/http",
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    "",
    `HTTP/1.1 ${reply.status} ${STATUS_TEXTS[reply.status] ?? "Error"}`,
    ...headers.map(([name, value]) => `${name}: ${String(value)}`),
    ...(body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    "",
    body,
  ];
  return `${lines.join("\r\n")}\r\n`;
}
