/**
 * The admin endpoint (`/_emulator/...`), with which tests and people control the emulator. Not part of Azure, and
 * closed to everyone without the secret in the ready file.
 */
import { timingSafeEqual } from "node:crypto";
import type { CallLog } from "../call-log.ts";
import type { Clock } from "../clock.ts";
import type { Faults } from "../faults/faults.ts";
import type { KnownOperations } from "../faults/known-operations.ts";
import { parseFaultRules } from "../faults/rules.ts";
import type { Call, Reply, Service } from "../http/call.ts";
import { readBody } from "../http/exchange.ts";
import type { ServiceAccountIssuer, ServiceAccountTokenRequest } from "../issuer/service.ts";
import { type AzureVariants, NO_VARIANTS, parseVariants } from "../variants.ts";
import type { World } from "../world.ts";
import { PAGE_POLICY } from "./live.ts";
import { renderPage } from "./page.ts";
import { parsePolicies } from "./policies.ts";
import type { StateView } from "./state-view.ts";

interface AdminContext {
  readonly secret: string;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly operations: KnownOperations;
  readonly clock: Clock;
  /** Of the world; keyed by assignment id in lower case. */
  readonly policies: World["policies"];
  readonly issuer: ServiceAccountIssuer;
  /** Of the settings that the services read at each call. */
  readonly variants: { -readonly [Name in keyof AzureVariants]: AzureVariants[Name] };
  /** The whole world as JSON, without secrets. */
  state(): StateView;
}

type Answer = (body: unknown, context: AdminContext) => object | undefined | Promise<object | undefined>;

/** Handlers by method and path; an undefined result is 204, a thrown Error 400 with its message. */
const ROUTES: Readonly<Record<string, Answer>> = {
  "GET /calls": (_body, { calls }) => calls.report(),
  "DELETE /calls": (_body, { calls }) => void calls.clear(),
  "GET /faults": (_body, { faults }) => faults.list(),
  "POST /faults": (body, { faults }) => void faults.add(...parseFaultRules(body)),
  "DELETE /faults": (_body, { faults }) => void faults.clear(),
  "GET /operations": (_body, { operations }) => operations,
  "GET /policies": (_body, { policies }) => [...policies.values()],
  "POST /policies": addPolicies,
  "DELETE /policies": (_body, { policies }) => void policies.clear(),
  "GET /clock": (_body, { clock }) => showClock(clock),
  "POST /clock": moveClock,
  "GET /variants": (_body, { variants }) => showVariants(variants),
  "POST /variants": (body, { variants }) => showVariants(Object.assign(variants, parseVariants(body))),
  "GET /state": (_body, { state }) => state(),
  "POST /tokens": mintToken,
};

const LARGEST_BODY = 1024 * 1024;

export function createAdminService(context: AdminContext): Service {
  const answer = async (call: Call): Promise<Reply> => {
    const refusal = refuse(call, context.secret);
    if (refusal !== undefined) return refusal;
    const path = call.path.replace(/^\/_emulator/i, "").replace(/\/$/, "");
    if (call.method === "GET" && path === "") return showPage(context);
    const answer = ROUTES[`${call.method} ${path}`];
    if (answer === undefined)
      return complaint(404, `there is no ${call.method} ${call.path}; there are ${Object.keys(ROUTES).join(", ")}`);
    try {
      const result = await answer(await readJson(call), context);
      return result === undefined ? { status: 204 } : { status: 200, body: result };
    } catch (error) {
      return complaint(400, error instanceof Error ? error.message : String(error));
    }
  };
  // Never faulted, so none has a name.
  return Object.assign(answer, { operations: [] });
}

function showPage({ state, calls }: AdminContext): Reply {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": PAGE_POLICY,
  };
  return { status: 200, headers, body: renderPage(state(), calls.report()) };
}

/**
 * 401 without a secret, 403 with a wrong one. It can be sent in a header of its own, as bearer token or as basic
 * password.
 */
function refuse(call: Call, secret: string): Reply | undefined {
  const given = givenSecret(call);
  if (given === undefined) {
    const headers = { "www-authenticate": 'Basic realm="keyless-csi emulator", charset="UTF-8"' };
    return { ...complaint(401, "send the adminSecret of the ready file in the header x-emulator-secret"), headers };
  }
  const [ours, theirs] = [Buffer.from(secret), Buffer.from(given)];
  const isRight = ours.length === theirs.length && timingSafeEqual(ours, theirs);
  return isRight ? undefined : complaint(403, "this is not the adminSecret of the ready file");
}

function givenSecret(call: Call): string | undefined {
  const header = call.headers["x-emulator-secret"];
  if (typeof header === "string") return header;
  const [, scheme = "", value = ""] = /^(\w+) +(\S+)$/.exec(call.headers.authorization ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  // A browser asks for a user name and a password; any name is accepted.
  if (scheme.toLowerCase() === "basic") return Buffer.from(value, "base64").toString().split(":").slice(1).join(":");
  return undefined;
}

async function readJson(call: Call): Promise<unknown> {
  const body = await readBody(call.body, LARGEST_BODY);
  if (body === undefined) throw new Error("the body is over 1 MiB");
  return body.length === 0 ? undefined : JSON.parse(body.toString());
}

function complaint(status: number, message: string): Reply {
  return { status, body: { error: { code: "EmulatorAdmin", message } } };
}

function showClock(clock: Clock): object {
  return { now: new Date(clock.now()).toISOString() };
}

function showVariants(variants: AzureVariants): object {
  const names = Object.keys(NO_VARIANTS) as (keyof AzureVariants)[];
  return Object.fromEntries(names.map((name) => [name, variants[name]]));
}

function moveClock(body: unknown, { clock }: AdminContext): object {
  const seconds = (body as { advanceSeconds?: unknown } | undefined)?.advanceSeconds;
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) throw new Error('send {"advanceSeconds": <number>}');
  // Beyond these, no answer could be dated: HTTP's dates and ISO 8601's have years of four digits.
  const year = new Date(clock.now() + seconds * 1000).getUTCFullYear();
  if (!(year >= 1970 && year <= 9000)) throw new Error(`advanceSeconds ${seconds} leads out of the years 1970 to 9000`);
  clock.advance(seconds * 1000);
  return showClock(clock);
}

/** A policy with the same name at the same scope is replaced. Answers with the policies as they were understood. */
function addPolicies(body: unknown, { policies }: AdminContext): object {
  const added = parsePolicies(body);
  for (const policy of added) policies.set(policy.id.toLowerCase(), policy);
  return added;
}

async function mintToken(body: unknown, { issuer }: AdminContext): Promise<object> {
  const request = (body ?? {}) as Partial<ServiceAccountTokenRequest>;
  if (typeof request.namespace !== "string" || typeof request.name !== "string") {
    throw new Error('send {"namespace": …, "name": …} and, if wanted, "audience" and "lifetimeSeconds"');
  }
  return { token: await issuer.mint({ ...request, namespace: request.namespace, name: request.name }) };
}
