// The one client of the contract suite: raw REST calls with fetch, so that a check sees status, headers and body exactly as
// they came. It records what it creates before the call is sent, and removes it at the end, also after failures.
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { createLedger } from "./ledger.ts";

export interface Call {
  /** Sent as JSON; a string is sent unchanged. */
  readonly body?: unknown;
  /** Default: the suite's own. Null sends none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** ARM's `error.code`, or Blob's `x-ms-error-code`. */
  readonly code: string | undefined;
  /** ARM's `error.message`, or the text. */
  readonly message: string;
  json<T = Record<string, unknown>>(): T;
}

/** Where a cloud is and how to sign in to it. */
export interface CloudAddress {
  readonly kind: "emulator" | "live";
  readonly armEndpoint: string;
  /** Scope of a token for ARM. */
  readonly armScope: string;
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Of the suite itself: may manage the resource group and its role assignments, and has no right on any blob. */
  readonly credential: TokenCredential;
  /** A token of an external issuer whose keys Entra can fetch. */
  readonly assertion?: () => Promise<string>;
}

export interface Cloud extends Omit<CloudAddress, "credential"> {
  /** `/subscriptions/..`, and `/subscriptions/../resourceGroups/..`. */
  readonly subscription: string;
  readonly group: string;
  /** All names of this run begin with it. */
  readonly prefix: string;
  /** The suite's own principal and its type. */
  readonly self: { readonly principalId: string; readonly principalType: string };
  /** A call to ARM; the api-version is added when the path has none. */
  arm(method: string, path: string, call?: Call): Promise<Answer>;
  /** A call to Blob, at the account's own endpoint. */
  blob(method: string, url: string, call?: Call): Promise<Answer>;
  /** A form to the tenant's token endpoint. */
  entra(form: Readonly<Record<string, string>>): Promise<Answer>;
  tokenFor(scope: string): Promise<string>;
  /** A new name of lower-case letters and digits, at most 20 long. */
  newName(): string;
  newGuid(): string;
  /** Retries while Azure propagates: for up to ten minutes on Azure, not at all on the emulator. */
  eventually(check: () => Promise<void>): Promise<void>;
  /** Waits as long as Azure asks for; not on the emulator, which is never slower than its answers. */
  pause(seconds: number): Promise<void>;
  /** The versions that calls have named since this was last asked. */
  takeApiVersions(): string[];
  /** Azure's name for the kind of subscription (its quota id). */
  subscriptionKind(): Promise<string>;
  /** Removes everything that was created and still exists; answers what could not be removed. */
  removeAll(): Promise<string[]>;
}

export const STORAGE_SCOPE = "https://storage.azure.com/.default";
const BLOB_VERSION = "2025-05-05";
const PROPAGATION_MS = 10 * 60_000;
const THROTTLED_ATTEMPTS = 10;

/** Signs in and gives the client of a cloud. */
export async function connect(address: CloudAddress): Promise<Cloud> {
  const { credential, ...rest } = address;
  const tokenFor = async (scope: string) => (await credential.getToken(scope))?.token ?? "";
  const prefix = `kc${randomBytes(4).toString("hex")}`;
  const guids = new Set<string>();
  const versions = new Set<string>();
  let last = 0;
  const subscription = `/subscriptions/${address.subscriptionId}`;
  const own = decodeJwt(await tokenFor(address.armScope));
  const send = async (method: string, path: string, call: Call = {}) => {
    const token = call.token === undefined ? await tokenFor(address.armScope) : call.token;
    const base = path.startsWith("https://") ? "" : address.armEndpoint;
    const url = `${base}${withVersion(path)}`;
    versions.add(/[?&]api-version=([^&]*)/i.exec(url)?.[1] ?? "");
    const ask = () => request(method, url, { ...call, token });
    return address.kind === "live" ? obeyThrottling(ask) : ask();
  };
  const ledger = createLedger(send, (path) => path.includes(prefix) || [...guids].some((guid) => path.includes(guid)));
  return {
    ...rest,
    subscription,
    group: `${subscription}/resourceGroups/${address.resourceGroup}`,
    prefix,
    self: { principalId: String(own["oid"]), principalType: own["idtyp"] === "app" ? "ServicePrincipal" : "User" },
    arm: ledger.send,
    blob: async (method, url, call = {}) => {
      const token = call.token === undefined ? await tokenFor(STORAGE_SCOPE) : call.token;
      const headers = { "x-ms-version": BLOB_VERSION, ...call.headers };
      versions.add(headers["x-ms-version"]);
      return request(method, url, { ...call, token, headers });
    },
    entra: (form) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const url = `${address.authorityHost}/${address.tenantId}/oauth2/v2.0/token`;
      return request("POST", url, { token: null, headers, body: new URLSearchParams(form).toString() });
    },
    tokenFor,
    newName: () => {
      last += 1;
      return `${prefix}x${last}`;
    },
    newGuid: () => {
      const guid = randomUUID();
      guids.add(guid);
      return guid;
    },
    eventually: (check) => eventually(address.kind === "live" ? PROPAGATION_MS : 0, check),
    pause: async (seconds) => {
      if (address.kind === "live") await wait(seconds * 1000);
    },
    takeApiVersions: () => {
      const taken = [...versions].sort();
      versions.clear();
      return taken;
    },
    async subscriptionKind() {
      const answer = await send("GET", `${subscription}?api-version=2022-12-01`);
      const { subscriptionPolicies } = answer.json<{ subscriptionPolicies?: { quotaId?: string } }>();
      return subscriptionPolicies?.quotaId ?? "unknown";
    },
    removeAll: ledger.removeAll,
  };
}

/** On a shared subscription a 429 says nothing about a sentence: waits as long as Azure asks for, and retries. */
async function obeyThrottling(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask();
    if (answer.status !== 429 || attempt === THROTTLED_ATTEMPTS) return answer;
    await wait(Number(answer.headers.get("retry-after") ?? 5) * 1000);
  }
}

async function request(method: string, url: string, { token, body, headers }: Call): Promise<Answer> {
  const isText = typeof body === "string";
  const answer = await fetch(url, {
    method,
    redirect: "manual",
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined || isText ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const error = answer.ok ? undefined : readError(text);
  const code = error?.code ?? answer.headers.get("x-ms-error-code") ?? undefined;
  const json = () => JSON.parse(text);
  return { status: answer.status, headers: answer.headers, text, code, message: error?.message ?? text, json };
}

function readError(text: string): { code?: string; message?: string } | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } | string };
    return typeof error === "object" ? error : undefined;
  } catch {
    return undefined;
  }
}

/** Api-versions by provider or type: the newest ones in every region of Azure, which are those that the product uses. */
const VERSIONS: readonly (readonly [string, string])[] = [
  ["Microsoft.Authorization/locks", "2020-05-01"],
  ["Microsoft.Authorization", "2022-04-01"],
  ["Microsoft.ManagedIdentity", "2024-11-30"],
  ["Microsoft.Storage", "2025-06-01"],
];

function withVersion(path: string): string {
  if (/[?&]api-version=/i.test(path)) return path;
  const type = path.split("?")[0]?.split("/providers/").at(-1) ?? "";
  const version = VERSIONS.find(([name]) => type.startsWith(name))?.[1] ?? "2021-04-01";
  return `${path}${path.includes("?") ? "&" : "?"}api-version=${version}`;
}

/** Azure has no event for "propagated": polling is the only way. */
async function eventually(patienceMs: number, check: () => Promise<void>): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
      await wait(10_000);
    }
  }
}
