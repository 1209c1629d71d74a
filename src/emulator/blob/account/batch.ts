/**
 * Blob Batch (`comp=batch`): many deletes, or many changes of tier, in one multipart request. Each subrequest
 * is a call with an authorization of its own.
 */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { type Call, OPERATION_HEADER, type Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { readSmallBody } from "../http/body.ts";
import type { BlobRequest } from "../http/request.ts";

/** "Each batch request supports a maximum of 256 subrequests" and 4 MiB. */
const MAX_SUBREQUESTS = 256;
const LIMIT_BYTES = 4 * 1024 * 1024;
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "OK",
  202: "Accepted",
  404: "Not Found",
  403: "Forbidden",
};

/** One request inside the batch. */
interface Subrequest {
  readonly contentId: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** 202 with one answer for each subrequest, in their order, whether it succeeded or not. */
export async function runBatch(request: BlobRequest): Promise<Reply> {
  const type = header(request, "content-type") ?? "";
  const boundary = /^multipart\/mixed;\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) throw invalidHeader("Content-Type", type);
  const subrequests = splitSubrequests((await readSmallBody(request, LIMIT_BYTES)).toString("utf8"), boundary);
  if (subrequests.length === 0 || subrequests.length > MAX_SUBREQUESTS) throw new StorageError("InvalidInput");
  if (!subrequests.every(isPermitted)) throw new StorageError("InvalidInput");
  const answers: string[] = [];
  for (const subrequest of subrequests) answers.push(await answerSubrequest(request, subrequest));
  const mark = `batchresponse_${randomUUID()}`;
  return {
    status: 202,
    headers: { "content-type": `multipart/mixed; boundary=${mark}` },
    body: `${answers.map((answer) => `--${mark}\r\n${answer}`).join("")}--${mark}--\r\n`,
  };
}

/** Only Delete Blob and Set Blob Tier can be batched. */
function isPermitted({ method, url }: Subrequest): boolean {
  const comp = new URL(url, "https://subrequest").searchParams.get("comp");
  return (method === "DELETE" && comp === null) || (method === "PUT" && comp === "tier");
}

function splitSubrequests(body: string, boundary: string): Subrequest[] {
  const sections = body.split(`--${boundary}`).slice(1);
  return sections.filter((section) => !section.startsWith("--")).map(readSubrequest);
}

/** Headers of the multipart section, an empty line, then the request as HTTP/1.1 writes it. */
function readSubrequest(section: string): Subrequest {
  const [outerHeaders = "", inner = ""] = splitOnce(section.replace(/^\r?\n/, ""), /\r?\n\r?\n/);
  const [head = ""] = splitOnce(inner, /\r?\n\r?\n/);
  const [line = "", ...headerLines] = head.trim().split(/\r?\n/);
  const match = /^([A-Z]+)\s+(\S+)\s+HTTP\/1\.1$/.exec(line.trim());
  if (match === null) throw new StorageError("InvalidInput");
  const [, method = "", url = ""] = match;
  return {
    contentId: readHeaders(outerHeaders.split(/\r?\n/))["content-id"] as string,
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

async function answerSubrequest(request: BlobRequest, subrequest: Subrequest): Promise<string> {
  const url = new URL(subrequest.url, "https://subrequest");
  const { account, target, call: batch } = request;
  const prefix = `/${account.name}`;
  // On a loopback host clients put the account into these paths too.
  const path =
    target.pathStyle && url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname;
  const call: Call = {
    ...batch,
    id: randomUUID(),
    method: subrequest.method,
    path: url.pathname,
    query: url.searchParams,
    headers: { "x-ms-version": request.version, ...subrequest.headers },
    body: Readable.from([]),
  };
  const reply = await request.answer(call, { ...target, path });
  return renderAnswer(subrequest, reply);
}

function renderAnswer({ contentId }: Subrequest, reply: Reply): string {
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
