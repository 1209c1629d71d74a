// Raw calls to an emulator in this process, without an SDK: a test sees exactly what came over the wire.
import { type IncomingHttpHeaders, request as plainRequest } from "node:http";
import { request } from "node:https";
import type { Emulator } from "../../src/emulator/emulator.ts";

export interface RawCall {
  /** Default GET. */
  readonly method?: string;
  /** Sent as Host header, as a client that resolved this name would. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default: the emulator's first address. */
  readonly base?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json<T = Record<string, unknown>>(): T;
}

/** One call on a connection of its own; rejects when the connection is cut. */
export function send(emulator: Emulator, path: string, call: RawCall = {}): Promise<RawAnswer> {
  const base = call.base ?? emulator.info.armEndpoint;
  const headers = { ...call.headers, ...(call.host === undefined ? {} : { host: call.host }) };
  const dial = base.startsWith("https:") ? request : plainRequest;
  const servername = call.host === undefined ? {} : { servername: call.host.replace(/:\d+$/, "") };
  return new Promise((resolve, reject) => {
    const options = { method: call.method ?? "GET", headers, ca: emulator.ca, agent: false, ...servername };
    const outgoing = dial(`${base}${path}`, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: () => JSON.parse(text) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(call.body);
  });
}

/** A call to the admin endpoint with the secret. */
export function sendAdmin(emulator: Emulator, method: string, path: string, body?: unknown): Promise<RawAnswer> {
  return send(emulator, `/_emulator${path}`, {
    method,
    headers: { "x-emulator-secret": emulator.info.adminSecret },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Posts a form to a token endpoint. */
export function sendForm(emulator: Emulator, path: string, form: Readonly<Record<string, string>>): Promise<RawAnswer> {
  return send(emulator, path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
}

/** An access token of the seeded administrator, for ARM unless another scope is given. */
export async function administratorToken(
  emulator: Emulator,
  scope = "https://management.azure.com/.default",
): Promise<string> {
  const { tenantId, administrator } = emulator.info;
  const answer = await sendForm(emulator, `/${tenantId}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: administrator.clientId,
    client_secret: administrator.clientSecret,
    scope,
  });
  return String(answer.json()["access_token"]);
}
