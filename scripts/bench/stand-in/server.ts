// Serves the stand-ins for Azure and for the API server on one HTTPS port of loopback: HTTP/1.1, kept alive, whole answers
// with their length, so that the least time is spent here while a controller is measured.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createServerIdentity } from "../../../src/emulator/http/certificate.ts";
import { createLatencies, parseLatency } from "../../../src/emulator/latency.ts";
import { type Answer, type Asked, json } from "./answer.ts";
import { createAzure } from "./azure.ts";
import { createCalls } from "./calls.ts";
import { answerKubernetes } from "./kubernetes.ts";

export interface StandIn {
  /** `https://127.0.0.1:PORT` */
  readonly origin: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  close(): Promise<void>;
}

/** GET: the counts; DELETE: counts from 0 again. */
export const CALLS_PATH = "/_bench/calls";
/** PUT: the settings, all of them. */
export const SETTINGS_PATH = "/_bench/settings";

export interface StandInSettings {
  /** Of each answer, as `parseLatency` reads it; default `0`. */
  readonly delay?: string;
  /** How long an account takes, in milliseconds; default 0. */
  readonly accountMs?: number;
  /** How many PersistentVolumes of other claims the API server lists; default 0. */
  readonly persistentVolumes?: number;
}

export async function startStandIn(): Promise<StandIn> {
  const identity = await createServerIdentity(["127.0.0.1", "localhost"]);
  let origin = "";
  const azure = createAzure(() => origin);
  const calls = createCalls();
  let nextDelay = createLatencies(undefined);
  let volumes = 0;
  const answerCall = (asked: Asked, response: ServerResponse) => {
    const isKubernetes = /^\/(api|apis|openid|\.well-known)\//.test(asked.path);
    const { kind, answer } = isKubernetes ? answerKubernetes(asked, volumes) : azure.answer(asked);
    calls.begin(kind);
    const delayMs = isKubernetes ? 0 : nextDelay();
    const reply = () => {
      calls.end();
      send(response, answer);
    };
    if (delayMs > 0) setTimeout(reply, delayMs);
    else reply();
  };
  const administer = ({ method, path, body }: Asked): Answer => {
    if (path === CALLS_PATH && method === "DELETE") calls.reset();
    if (path === SETTINGS_PATH && method === "PUT") {
      const { delay = "0", accountMs = 0, persistentVolumes = 0 } = JSON.parse(body) as StandInSettings;
      const latency = parseLatency(delay);
      if (latency === undefined) return json(400, { error: `a delay is MS or MEDIAN/P99, not "${delay}"` });
      nextDelay = createLatencies(latency);
      azure.settings.accountMs = accountMs;
      volumes = persistentVolumes;
    }
    return json(200, calls.counts());
  };
  const server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    readBody(request, (body) => {
      const asked = toAsked(request, body);
      if (asked.path.startsWith("/_bench/")) send(response, administer(asked));
      else answerCall(asked, response);
    });
  });
  server.on("secureConnection", () => calls.connected());
  server.keepAliveTimeout = 600_000;
  origin = await listen(server);
  return {
    origin,
    ca: identity.ca,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toAsked({ url = "/", method = "GET", headers }: IncomingMessage, body: string): Asked {
  const cut = url.indexOf("?");
  const path = decodeURIComponent(cut === -1 ? url : url.slice(0, cut));
  const query = new URLSearchParams(cut === -1 ? "" : url.slice(cut + 1));
  return { method, path, query, headers, body };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port"));
      else resolve(`https://127.0.0.1:${address.port}`);
    });
  });
}

function readBody(request: IncomingMessage, done: (body: string) => void): void {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => done(body));
}

let requests = 0;

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  requests += 1;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-ms-request-id": `00000000-0000-4000-8000-${String(requests).padStart(12, "0")}`,
    ...headers,
  });
  response.end(body);
}
