// A stand-in for Azure that costs next to nothing for each request: it answers what CreateVolume and DeleteVolume ask, keeps
// what was created, and checks nothing. Unlike the emulator it says nothing about correctness: only counts and time.
import { randomUUID } from "node:crypto";
import { type Answer, type Asked, armError, json } from "./answer.ts";
import { armKind, blobKind, type Segments, segmentsOf } from "./calls.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const SUBSCRIPTION = "22222222-2222-4222-8222-222222222222";
export const GROUP = "rg-bench";
export const LOCATION = "westeurope";
export const CONTROLLER_CLIENT = "33333333-3333-4333-8333-333333333333";
/** The identity that volumes of the bench are for. */
export const WORKLOAD_CLIENT = "44444444-4444-4444-8444-444444444444";
const WORKLOAD_PRINCIPAL = "55555555-5555-4555-8555-555555555555";

export interface AzureSettings {
  /** How long the creation of an account takes, in milliseconds. */
  accountMs: number;
}

export interface StandInAzure {
  readonly settings: AzureSettings;
  /** The kind to count a request as, and its answer. */
  answer(asked: Asked): { readonly kind: string; readonly answer: Answer };
}

interface Account {
  readonly view: string;
  readonly readyAt: number;
}

interface World {
  readonly settings: AzureSettings;
  readonly accounts: Map<string, Account>;
  /** Metadata as JSON, by `account/container` in lower case. */
  readonly containers: Map<string, string>;
  /** Views by scope and name. */
  readonly assignments: Map<string, Map<string, string>>;
  readonly origin: () => string;
}

/** `origin` is called once it listens. */
export function createAzure(origin: () => string): StandInAzure {
  const world: World = {
    settings: { accountMs: 0 },
    accounts: new Map(),
    containers: new Map(),
    assignments: new Map(),
    origin,
  };
  return { settings: world.settings, answer: (asked) => route(world, asked) };
}

function route(world: World, asked: Asked) {
  const path = segmentsOf(asked.path);
  if (path[0]?.toLowerCase() === "subscriptions") {
    const kind = armKind(asked.method, path);
    return { kind, answer: answerArm(world, kind, path, asked) };
  }
  if (/\/oauth2\/|\.well-known|\/discovery\//.test(asked.path)) {
    return { kind: `${asked.method} sign-in`, answer: answerEntra(world, asked) };
  }
  const kind = blobKind(asked.method, path, asked.query);
  return { kind, answer: answerBlob(world, kind, path, asked) };
}

function answerEntra({ origin }: World, { path }: Asked): Answer {
  if (path.endsWith("/token")) {
    return json(200, { token_type: "Bearer", expires_in: 86_399, ext_expires_in: 86_399, access_token: "bench" });
  }
  const root = `${origin()}/${TENANT}`;
  return json(200, {
    issuer: `${root}/v2.0`,
    authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
    token_endpoint: `${root}/oauth2/v2.0/token`,
    jwks_uri: `${root}/discovery/v2.0/keys`,
    tenant_discovery_endpoint: `${root}/v2.0/.well-known/openid-configuration`,
  });
}

/** Answers by the kind of a call; what no CreateVolume or DeleteVolume asks is 501, which fails the run. */
function answerArm(world: World, kind: string, path: Segments, asked: Asked): Answer {
  if (kind === "PUT roleAssignments" || /^(GET|DELETE|LIST) roleAssignments$/.test(kind)) {
    return answerAssignment(world, kind, asked);
  }
  if (/ containers$/.test(kind)) return answerContainer(world, kind, path, asked);
  if (/ (storageAccounts|asyncoperations)$/.test(kind)) return answerAccount(world, kind, path, asked);
  if (kind === "GET roleDefinitions") return json(200, { id: asked.path, name: path.at(-1), properties: {} });
  if (kind === "LIST userAssignedIdentities") return json(200, { value: [IDENTITY] });
  if (kind === "GET usages" || kind === "LIST usages") return json(200, { value: [] });
  return armError(501, "NotStoodInFor");
}

const IDENTITY = {
  id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload`,
  name: "workload",
  location: LOCATION,
  properties: { clientId: WORKLOAD_CLIENT, principalId: WORKLOAD_PRINCIPAL, tenantId: TENANT },
};

function answerAccount(world: World, kind: string, path: Segments, { path: id, body }: Asked): Answer {
  const { accounts, settings } = world;
  const name = path.at(-1)?.toLowerCase() ?? "";
  if (kind === "LIST storageAccounts") {
    return json(200, { value: [...accounts.values()].map(({ view }) => JSON.parse(view) as unknown) });
  }
  if (kind === "PUT storageAccounts") {
    const known = accounts.get(name);
    if (known !== undefined) return { status: 200, body: known.view };
    accounts.set(name, { view: accountView(id, name, body), readyAt: performance.now() + settings.accountMs });
    return accepted(world, name, settings.accountMs);
  }
  const account = accounts.get(name);
  if (kind === "DELETE storageAccounts") return { status: accounts.delete(name) ? 200 : 204, body: "" };
  if (account === undefined) return armError(404, "ResourceNotFound");
  const leftMs = account.readyAt - performance.now();
  if (leftMs <= 0) return { status: 200, body: account.view };
  if (kind === "GET asyncoperations") return accepted(world, name, leftMs);
  return { status: 200, body: account.view.replace('"Succeeded"', '"Creating"') };
}

/** As the storage provider answers: poll at Location, after at most 17 s. */
function accepted({ origin }: World, name: string, leftMs: number): Answer {
  const poll = `${origin()}/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Storage/locations/${LOCATION}/asyncoperations/${name}`;
  const seconds = Math.min(17, Math.max(1, Math.ceil(leftMs / 1000)));
  return {
    status: 202,
    body: "",
    headers: { location: `${poll}?api-version=2025-08-01`, "retry-after": `${seconds}` },
  };
}

/** What was sent, and what Azure adds to it. */
function accountView(id: string, name: string, body: string): string {
  const sent = JSON.parse(body) as { readonly properties?: object };
  const properties = {
    ...sent.properties,
    provisioningState: "Succeeded",
    creationTime: new Date().toISOString(),
    primaryEndpoints: { blob: `https://${name}.blob.core.windows.net/` },
  };
  return JSON.stringify({ ...sent, id, name, type: "Microsoft.Storage/storageAccounts", properties });
}

function answerContainer({ containers }: World, kind: string, path: Segments, { path: id, body }: Asked): Answer {
  const name = path.at(-1) ?? "";
  const account = path[path.findIndex((part) => part.toLowerCase() === "storageaccounts") + 1] ?? "";
  const key = `${account}/${name}`.toLowerCase();
  const view = (metadata: string) => `{"id":"${id}","name":"${name}","properties":{"metadata":${metadata}}}`;
  if (kind === "PUT containers" || kind === "PATCH containers") {
    const isNew = !containers.has(key);
    const sent = JSON.parse(body) as { readonly properties?: { readonly metadata?: object } };
    const metadata = JSON.stringify(sent.properties?.metadata ?? {});
    containers.set(key, metadata);
    return { status: isNew ? 201 : 200, body: view(metadata) };
  }
  if (kind === "LIST containers") {
    const own = [...containers].filter(([each]) => each.startsWith(`${account.toLowerCase()}/`));
    return json(200, { value: own.map(([each]) => ({ name: each.split("/")[1], properties: { metadata: {} } })) });
  }
  const metadata = containers.get(key);
  if (kind === "DELETE containers") return { status: containers.delete(key) ? 200 : 204, body: "" };
  return metadata === undefined ? armError(404, "ContainerNotFound") : { status: 200, body: view(metadata) };
}

function answerAssignment({ assignments }: World, kind: string, { path, query, body }: Asked): Answer {
  const provider = path.search(/\/providers\/Microsoft\.Authorization\//i);
  const scope = path.slice(0, provider);
  const here = assignments.get(scope.toLowerCase()) ?? new Map<string, string>();
  if (kind === "LIST roleAssignments") return { status: 200, body: listed(assignments, scope, query) };
  const name = path.slice(path.lastIndexOf("/") + 1);
  const found = here.get(name);
  if (kind === "GET roleAssignments") {
    return found === undefined ? armError(404, "RoleAssignmentNotFound") : { status: 200, body: found };
  }
  if (kind === "DELETE roleAssignments") {
    here.delete(name);
    if (here.size === 0) assignments.delete(scope.toLowerCase());
    return found === undefined ? { status: 204, body: "" } : { status: 200, body: found };
  }
  if (found !== undefined) return { status: 200, body: found };
  const { properties } = JSON.parse(body) as { readonly properties: object };
  const createdOn = new Date().toISOString();
  const view = JSON.stringify({ id: path, name, properties: { ...properties, scope, createdOn } });
  assignments.set(scope.toLowerCase(), here.set(name, view));
  return { status: 201, body: view };
}

/** With `atScope()` at the scope itself (nothing is assigned above), otherwise also below it. */
function listed(assignments: World["assignments"], scope: string, query: URLSearchParams): string {
  const own = scope.toLowerCase();
  const isAtScope = query.get("$filter")?.includes("atScope") === true;
  const scopes = isAtScope
    ? [own]
    : [...assignments.keys()].filter((each) => each === own || each.startsWith(`${own}/`));
  return `{"value":[${scopes.flatMap((each) => [...(assignments.get(each)?.values() ?? [])]).join(",")}]}`;
}

/** Of the data plane: containers alone, and never what is in one. */
function answerBlob({ containers }: World, kind: string, path: Segments, { headers }: Asked): Answer {
  const key = path.slice(0, 2).join("/").toLowerCase();
  const common = { "x-ms-version": "2025-07-05", etag: '"0x8DC"', "last-modified": "Wed, 01 Jan 2025 00:00:00 GMT" };
  const found = containers.get(key);
  if (kind === "PUT blob container") {
    if (found !== undefined) return blobError(409, "ContainerAlreadyExists");
    const sent = Object.entries(headers).filter(([name]) => name.startsWith("x-ms-meta-"));
    containers.set(key, JSON.stringify(Object.fromEntries(sent.map(([name, value]) => [name.slice(10), value]))));
    return { status: 201, body: "", headers: common };
  }
  if (found === undefined) return blobError(404, "ContainerNotFound");
  if (kind === "DELETE blob container") {
    containers.delete(key);
    return { status: 202, body: "", headers: common };
  }
  const metadata = Object.entries(JSON.parse(found) as Record<string, string>);
  const shown = Object.fromEntries(metadata.map(([name, value]) => [`x-ms-meta-${name}`, value]));
  return { status: 200, body: "", headers: { ...common, ...shown } };
}

function blobError(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code} ${randomUUID()}</Message></Error>`;
  return { status, body, headers: { "x-ms-error-code": code, "content-type": "application/xml" } };
}
