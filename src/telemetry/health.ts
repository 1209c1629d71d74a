/**
 * The HTTP side of the service: /healthz (this process), /readyz (could a volume be created now, and why not) and /metrics.
 * Probe of the Identity service covers this process alone; Azure's state is reported only here and in the metrics.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
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

/** Listens; rejects when the address is not available. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request.url ?? "/", options, response).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
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

async function answer(url: string, options: HealthOptions, response: ServerResponse): Promise<void> {
  const path = url.split("?", 1)[0];
  if (path === "/healthz") return send(response, 200, "ok\n");
  if (path === "/readyz") {
    const readiness = options.readiness();
    return readiness.ready ? send(response, 200, "ok\n") : send(response, 503, `${readiness.reason}\n`);
  }
  if (path === "/metrics") return send(response, 200, await options.metrics.render(), options.metrics.contentType);
  send(response, 404, "not found; try /healthz, /readyz or /metrics\n");
}

function send(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
}
