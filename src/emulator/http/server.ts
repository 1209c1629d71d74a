/**
 * Listeners: sockets on loopback addresses, HTTPS for the services and plain HTTP for the instance metadata service.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, isIP, type Socket } from "node:net";
import type { ServerIdentity } from "./certificate.ts";
import type { Dispatch } from "./dispatch.ts";
import { originOf, sendReply, sendTruncated, toCall } from "./exchange.ts";

/** Where to listen. Port 0 lets the system choose. */
interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A socket that accepts calls. */
interface Listener {
  /** As clients write it, without a trailing slash: `https://127.0.0.1:41233`, `https://127.0.0.1` for port 443; `name`: their host. */
  urlAs(name?: string): string;
  /** Stops accepting and cuts every connection. */
  close(): Promise<void>;
}

/** Where Azure's machines find the instance metadata service. Tests may bind it on the local machine. */
export const IMDS_ADDRESS = "169.254.169.254";

const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([^:]+)):(\d{1,5})$/i;

/** What is wrong with the form of an address, or undefined. */
export function findFormFault(text: string): string | undefined {
  const [, , , port] = ADDRESS.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return "is not an address; write it as 127.0.0.1:8443 or [::1]:8443";
  return undefined;
}

/** What is wrong with an address, or undefined. `also` are hosts that are permitted besides loopback. */
export function findAddressFault(text: string, also: readonly string[] = []): string | undefined {
  const fault = findFormFault(text);
  if (fault !== undefined) return fault;
  const { host } = parseAnyAddress(text);
  const isLoopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (isLoopback || also.includes(host)) return undefined;
  return `is not loopback, and the emulator listens nowhere else; use ${["127.0.0.1", "::1", "localhost", ...also].join(", ")}`;
}

/**
 * Reads `127.0.0.1:443`, `[::1]:0` or `localhost:8443`. Throws for everything that is neither loopback nor in `also`:
 * the emulator issues tokens for everything in it, so no other machine may reach it.
 */
export function parseListenAddress(text: string, also: readonly string[] = []): ListenAddress {
  const problem = findAddressFault(text, also);
  if (problem !== undefined) throw new Error(`cannot listen on "${text}": it ${problem}`);
  return parseAnyAddress(text);
}

/** Reads any address, for an emulator that other machines are to reach; its form has been checked. */
export function parseAnyAddress(text: string): ListenAddress {
  const [, bracketed, plain = "", port] = ADDRESS.exec(text) ?? [];
  return { host: bracketed ?? plain, port: Number(port) };
}

/** Opens one socket, with an identity for HTTPS. Rejects when the address is in use. */
export async function listen(
  address: ListenAddress,
  identity: ServerIdentity | undefined,
  dispatch: Dispatch,
): Promise<Listener> {
  const scheme = identity === undefined ? "http" : "https";
  const onRequest: RequestListener = (request, response) => {
    void handle(dispatch, scheme, request, response);
  };
  const server =
    identity === undefined
      ? createHttpServer(onRequest)
      : createHttpsServer({ key: identity.key, cert: identity.cert, ALPNProtocols: ["http/1.1"] }, onRequest);
  relaxTimeouts(server);
  const cutAll = trackSockets(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return {
    urlAs: (name = host) => originOf(scheme, `${name}:${port}`),
    close: () => closeServer(server, cutAll),
  };
}

/** Clients reuse connections after long pauses and upload for minutes; Node's defaults would close those. */
function relaxTimeouts(server: Server): void {
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.timeout = 0;
}

async function closeServer(server: Server, cutAll: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  cutAll();
  await closed;
}

/** All open sockets, including those in a TLS handshake, which `closeAllConnections` does not know yet. */
function trackSockets(server: Server): () => void {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

async function handle(
  dispatch: Dispatch,
  scheme: "http" | "https",
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new Promise<void>((resolve) => response.once("close", () => resolve()));
  try {
    const outcome = await dispatch(toCall(request, scheme), gone);
    if (outcome.kind === "reset") request.socket.destroy();
    else if (outcome.kind === "truncated") sendTruncated(response, outcome.reply, outcome.bytes);
    else await sendReply(request, response, outcome.reply);
  } catch {
    // The client disconnected in the middle, or the answer's stream failed: this connection cannot be used any more.
    request.socket.destroy();
  }
}
