/** What a scripted fault turns a call into: an answer, a truncated one, or none. */

import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Call, Reply } from "../http/call.ts";
import type { FaultAction, FaultMoment, StatusAction } from "./faults.ts";

/** How a call ends: with an answer, with the first bytes of one, or with a closed connection. */
export type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "truncated"; readonly reply: Reply; readonly bytes: number }
  | { readonly kind: "reset" };

interface FaultedCall {
  readonly call: Call;
  readonly service: string;
  /** Lets the service handle the call. To be called at most once. */
  run(): Promise<Reply>;
  /** Resolves when the client has disconnected. */
  readonly gone: Promise<void>;
  /** Resolves when the faults are cleared. */
  readonly cleared: Promise<void>;
}

/** Applies one action to one call. */
export async function applyFault(action: FaultAction, faulted: FaultedCall): Promise<Outcome> {
  if ("status" in action) return statusOutcome(action, faulted);
  if ("delay" in action) return delayed(action.delay, faulted);
  if ("hang" in action) return hung(action.hang, action.when ?? "before", faulted);
  const reply = "reset" in action && action.reset === "before" ? undefined : await faulted.run();
  if (reply === undefined || "reset" in action) return { kind: "reset" };
  return { kind: "truncated", reply, bytes: action.truncate };
}

async function statusOutcome(action: StatusAction, faulted: FaultedCall): Promise<Outcome> {
  if (action.when === "after") await faulted.run();
  return { kind: "reply", reply: faultReply(action, faulted) };
}

async function delayed(milliseconds: number, faulted: FaultedCall): Promise<Outcome> {
  await Promise.race([wait(milliseconds, undefined, { ref: false }), faulted.gone]);
  return { kind: "reply", reply: await faulted.run() };
}

async function hung(time: number | "forever", when: FaultMoment, faulted: FaultedCall): Promise<Outcome> {
  const early = when === "after" ? await faulted.run() : undefined;
  const ends = time === "forever" ? faulted.cleared : wait(time, "over", { ref: false });
  const over = await Promise.race([ends.then(() => true), faulted.gone.then(() => false)]);
  if (!over || time === "forever") return { kind: "reset" };
  return { kind: "reply", reply: early ?? (await faulted.run()) };
}

function faultReply(action: StatusAction, { call, service }: FaultedCall): Reply {
  const code = action.code ?? "ScriptedFault";
  const message = action.message ?? "A fault that was scripted in the emulator.";
  const form = service === "blob" ? blobError(code, message) : jsonError(service, code, message);
  const headers = { ...form.headers, ...idsOf(call, service), ...action.headers };
  if (action.bodyBytes !== undefined) {
    const body = filling(action.bodyBytes);
    return { status: action.status, headers: { ...headers, "content-length": String(action.bodyBytes) }, body };
  }
  return { status: action.status, headers, body: action.body ?? form.body };
}

/** As the services themselves answer: ARM also takes over the caller's correlation id. */
function idsOf({ id, headers }: Call, service: string): Record<string, string> {
  const asked = headers["x-ms-correlation-request-id"];
  const correlation = typeof asked === "string" ? asked : id;
  return { "x-ms-request-id": id, ...(service === "arm" && { "x-ms-correlation-request-id": correlation }) };
}

interface ErrorForm {
  readonly headers: Record<string, string>;
  readonly body: string;
}

function jsonError(service: string, code: string, message: string): ErrorForm {
  const isNested = service === "arm" || service === "dfs";
  const body = isNested ? { error: { code, message } } : { error: code, error_description: message };
  const coded: Record<string, string> = service === "dfs" ? { "x-ms-error-code": code } : {};
  return { headers: { "content-type": "application/json; charset=utf-8", ...coded }, body: JSON.stringify(body) };
}

function blobError(code: string, message: string): ErrorForm {
  return {
    headers: { "content-type": "application/xml", "x-ms-error-code": code },
    body: `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}

function filling(bytes: number): Readable {
  const chunk = Buffer.alloc(64 * 1024, " ");
  let left = bytes;
  return new Readable({
    read() {
      const next = chunk.subarray(0, Math.min(left, chunk.length));
      left -= next.length;
      this.push(next.length === 0 ? null : next);
    },
  });
}
