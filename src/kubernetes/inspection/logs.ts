/** Logs of containers, bounded in time and size. */
import { type Api, apiPath } from "../api.ts";
import { type Attempt, attempt } from "./attempt.ts";
import type { ContainerLog } from "./pods.ts";

export interface LogLimits {
  /** Only what was written within this time; 0: all that the kubelet still has. */
  readonly sinceMs: number;
  /** The newest bytes that are kept of each log. */
  readonly mostBytes: number;
}

/**
 * A kubelet hands out its present log file, which it rotates at 10 MiB unless it was set up otherwise (containerLogMaxSize). The
 * API server sends the oldest bytes first and has no way to ask for the newest, so more is read than is kept.
 */
const READ_BYTES = 32 << 20;
/** Some MiB from a node through the API server, over a slow line. */
const READ_MS = 120_000;

/** Whole lines, each behind its time, and in front of them what is missing. */
export async function readLog(api: Api, log: ContainerLog, limits: LogLimits): Promise<Attempt<string>> {
  const { namespace, name, container, isPrevious } = log;
  const path = apiPath`/api/v1/namespaces/${namespace}/pods/${name}/log`;
  const query = {
    container,
    timestamps: "true",
    limitBytes: String(READ_BYTES),
    ...(isPrevious && { previous: "true" }),
    ...(limits.sinceMs > 0 && { sinceSeconds: String(Math.ceil(limits.sinceMs / 1000)) }),
  };
  return await attempt(async () => {
    // Twice that is never sent, so the text is there.
    const { text = "" } = await api.list(path, query, 2 * READ_BYTES, READ_MS);
    return newestOf(Buffer.from(text), limits.mostBytes);
  });
}

/** Half a line could hold half a token, which nobody recognizes as one: it is left out. */
function newestOf(whole: Buffer, mostBytes: number): string {
  const isEndMissing = whole.length >= READ_BYTES;
  const end = isEndMissing ? whole.lastIndexOf("\n") + 1 : whole.length;
  const isCut = end > mostBytes;
  const newline = isCut ? whole.indexOf("\n", end - mostBytes - 1) : -1;
  const begin = isCut && newline === -1 ? end : newline + 1;
  const notes = [
    ...(isCut ? [`the oldest ${begin} bytes are left out, see --max-log-size`] : []),
    ...(isEndMissing ? ["the newest lines are missing: of a long log the API server sends the oldest part"] : []),
  ];
  const lines = whole.subarray(begin, end).toString();
  return `${notes.map((note) => `[keyless-csi support: ${note}]\n`).join("")}${lines}`;
}
