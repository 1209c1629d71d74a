/**
 * The HTTP side of the service: /healthz (this process), /readyz (could a volume be created now, and why not) and /metrics.
 * Probe of the Identity service covers this process alone; Azure's state is reported only here and in the metrics.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Metrics } from "./metrics.ts";

/** Ready, or the reason why not, for people. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface HealthOptions {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Serving, not draining, the last sign-in to Azure worked and the last request to it was answered. */
  readiness(): Readiness;
}

export interface HealthServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Longer than an honest request or answer of a few KB takes, shorter than a probe or scrape waits. */
const TIMEOUT_MS = 5_000;
/** Node's default looks for late requests every 30 s only. */
const TIMEOUT_CHECK_MS = 1_000;
/** The kubelet, a scraper and people need a handful. */
const MOST_CONNECTIONS = 128;
const MOST_HEADER_BYTES = 8_192;

/** Listens; rejects when the address is not available. Anybody in the cluster may connect, so that everything has a limit. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const limits = { maxHeaderSize: MOST_HEADER_BYTES, connectionsCheckingInterval: TIMEOUT_CHECK_MS };
  const render = shared(() => options.metrics.render());
  const server = createServer(limits, (request, response) => {
    answer(request, { ...options, render }, response).catch(() => response.destroy());
  });
  limitConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * A connection that sends or reads slowly is closed. Where there are too many, the oldest goes and not the newest: connections
 * that somebody keeps open must not shut out the kubelet, which would restart the container.
 */
function limitConnections(server: Server): void {
  server.headersTimeout = TIMEOUT_MS;
  server.requestTimeout = TIMEOUT_MS;
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    const [oldest] = open;
    if (oldest !== undefined && open.size >= MOST_CONNECTIONS) {
      open.delete(oldest);
      oldest.destroy();
    }
    open.add(socket);
    // Also while it is active: one byte a second must not keep a connection.
    const timer = setTimeout(() => socket.destroy(), 2 * TIMEOUT_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      open.delete(socket);
    });
  });
}

/** Calls that come while one runs share its result: a hundred scrapes at once are one. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

interface Answering extends HealthOptions {
  render(): Promise<string>;
}

async function answer(
  { method, url = "/" }: IncomingMessage,
  options: Answering,
  response: ServerResponse,
): Promise<void> {
  const path = url.split("?", 1)[0];
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "only GET and HEAD\n");
  if (path === "/healthz") return send(response, 200, "ok\n");
  if (path === "/readyz") {
    const readiness = options.readiness();
    return readiness.ready ? send(response, 200, "ok\n") : send(response, 503, `${readiness.reason}\n`);
  }
  if (path === "/metrics") return send(response, 200, await options.render(), options.metrics.contentType);
  send(response, 404, "not found; try /healthz, /readyz or /metrics\n");
}

/** One answer for each connection: what is pipelined behind it, and a body that was not asked for, are never read. */
function send(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  const headers = { "content-type": type, "cache-control": "no-store", connection: "close" };
  response.writeHead(status, headers).end(body);
}
