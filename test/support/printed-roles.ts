// What `keyless-csi roles` prints, and a service whose controller has exactly those roles: the emulator's own roles for it are
// removed first, and the printed ones are applied through ARM, as an administrator applies them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { runCommandLine } from "../../src/command-line.ts";
import { CATALOGUE } from "../../src/commands/catalogue.ts";
import type { RoleRequest } from "../../src/commands/roles/role-bodies.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { type EmulatedApp, startEmulatedApp } from "./emulated-app.ts";
import { administratorToken, type RawAnswer, send, sendForm } from "./emulator-client.ts";
import { createFakeCluster, type FakeCluster } from "./fake-cluster.ts";
import { createSink } from "./sink.ts";

/** Runs `keyless-csi roles` in this process: exit code, standard output, standard error. */
export async function runRoles(argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [createSink(), createSink()];
  const code = await runCommandLine({
    argv: ["roles", ...argv],
    env: {},
    catalogue: CATALOGUE,
    version: "0",
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** The printed text; fails when the command does. */
export async function printRoles(argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runRoles(argv);
  assert.equal(code, 0, stderr);
  return stdout;
}

export interface GrantedApp extends EmulatedApp {
  readonly cluster: FakeCluster;
  /** ARM ids of the seed's subscription and resource group. */
  readonly subscription: string;
  readonly group: string;
  readonly controllerPrincipalId: string;
  /** A raw call to ARM with the controller's own token. */
  asController(method: string, path: string, body?: unknown): Promise<RawAnswer>;
  asAdministrator(method: string, path: string, body?: unknown): Promise<RawAnswer>;
}

export interface GrantedAppOptions {
  /** Flags of the controller. */
  readonly flags?: readonly string[];
  /** Flags of `keyless-csi roles`, beside its scope; default: every optional role. */
  readonly roles?: readonly string[];
  /** An action to leave out of every role. */
  readonly without?: string;
}

/** The service on an emulator in which the controller has the roles that `keyless-csi roles` prints, and no others. */
export async function startGrantedApp(options: GrantedAppOptions = {}): Promise<GrantedApp> {
  let cluster: FakeCluster | undefined;
  const app = await startEmulatedApp(options.flags, {
    clusterFor: (emulator) => {
      cluster = createFakeCluster(emulator.issuer.issuer);
      return cluster;
    },
  });
  assert(cluster);
  const { emulator } = app;
  const { subscriptionId, resourceGroup, controller } = emulator.info;
  const subscription = `/subscriptions/${subscriptionId}`;
  const administrator = await administratorToken(emulator);
  const own = await controllerToken(emulator);
  const principal = [...emulator.world.principals.values()].find(({ clientId }) => clientId === controller.clientId);
  assert(principal);
  const granted: GrantedApp = {
    ...app,
    cluster,
    subscription,
    group: `${subscription}/resourceGroups/${resourceGroup}`,
    controllerPrincipalId: principal.id,
    asController: (method, path, body) => callArm(emulator, own, { method, path, body }),
    asAdministrator: (method, path, body) => callArm(emulator, administrator, { method, path, body }),
  };
  await removeSeededRoles(granted);
  await applyRoles(granted, options);
  return granted;
}

async function controllerToken(emulator: Emulator): Promise<string> {
  const { tenantId, controller } = emulator.info;
  const answer = await sendForm(emulator, `/${tenantId}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: controller.clientId,
    client_assertion: await readFile(controller.tokenFile, "utf8"),
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: "https://management.azure.com/.default",
  });
  assert.equal(answer.status, 200, answer.text);
  return String(answer.json()["access_token"]);
}

const VERSIONS: readonly (readonly [RegExp, string])[] = [
  [/\/providers\/Microsoft\.Authorization\/[^/]+(\/[^/]+)?$/i, "2022-04-01"],
  [/\/providers\/Microsoft\.ManagedIdentity\//i, "2024-11-30"],
  [/\/providers\/Microsoft\.Storage\//i, "2025-06-01"],
];

type ArmCall = { readonly method: string; readonly path: string; readonly body?: unknown };

function callArm(emulator: Emulator, token: string, { method, path, body }: ArmCall): Promise<RawAnswer> {
  const [bare = "", query] = path.split("?");
  const version = VERSIONS.find(([form]) => form.test(bare))?.[1] ?? "2021-01-01";
  const hasVersion = query?.includes("api-version=") === true;
  const url = hasVersion ? path : `${bare}?api-version=${version}${query === undefined ? "" : `&${query}`}`;
  return send(emulator, url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

interface ArmList {
  readonly value: readonly { readonly id: string; readonly properties: { readonly scope?: string } }[];
}

async function removeSeededRoles({ asAdministrator, subscription, controllerPrincipalId }: GrantedApp): Promise<void> {
  const authorization = `${subscription}/providers/Microsoft.Authorization`;
  const list = async (path: string) => (await asAdministrator("GET", path)).json<ArmList>().value;
  const filter = encodeURIComponent(`principalId eq '${controllerPrincipalId}'`);
  const assignments = await list(`${authorization}/roleAssignments?$filter=${filter}`);
  const roles = await list(`${authorization}/roleDefinitions?$filter=${encodeURIComponent("type eq 'CustomRole'")}`);
  assert(assignments.length > 0 && roles.length > 0, "the emulator has roles for its controller");
  for (const { id } of [...assignments, ...roles]) assert.equal((await asAdministrator("DELETE", id)).status, 200, id);
}

async function applyRoles(app: GrantedApp, { roles = ["--with=all"], without }: GrantedAppOptions): Promise<void> {
  for (const { url, body } of await printRequests(app, roles)) {
    const { pathname, search } = new URL(url);
    const sent = without === undefined ? body : withoutAction(body, without);
    const answer = await app.asAdministrator("PUT", pathname + search, sent);
    assert.equal(answer.status, 201, answer.text);
  }
}

/** What `--output json` prints for the emulator's resource group and its controller. */
export async function printRequests(
  { emulator, controllerPrincipalId }: Pick<GrantedApp, "emulator" | "controllerPrincipalId">,
  flags: readonly string[] = [],
): Promise<RoleRequest[]> {
  const { subscriptionId, resourceGroup } = emulator.info;
  const scope = [`--subscription-id=${subscriptionId}`, `--resource-group=${resourceGroup}`];
  return JSON.parse(
    await printRoles([...scope, `--principal-id=${controllerPrincipalId}`, "--output=json", ...flags]),
  ) as RoleRequest[];
}

function withoutAction(body: RoleRequest["body"], action: string): object {
  return JSON.parse(JSON.stringify(body), (_, value) =>
    Array.isArray(value) ? value.filter((each) => each !== action) : value,
  ) as object;
}
