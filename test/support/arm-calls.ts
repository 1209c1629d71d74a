// An emulator with clients of its ARM: raw calls, as the administrator or any other caller, and the Azure SDK's clients.
import { equal } from "node:assert/strict";
import tls from "node:tls";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { StorageManagementClient } from "@azure/arm-storage";
import { ClientSecretCredential } from "@azure/identity";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/emulator.ts";
import type { UserAssignedIdentity } from "../../src/emulator/world.ts";
import { administratorToken, type RawAnswer, send, sendForm } from "./emulator-client.ts";

/** Api-versions of the raw calls, by the last provider in the path. */
const VERSIONS: Readonly<Record<string, string>> = {
  "Microsoft.Storage": "2025-06-01",
  "Microsoft.Authorization": "2022-04-01",
  "Microsoft.Authorization/locks": "2020-05-01",
  "Microsoft.ManagedIdentity": "2024-11-30",
};

export interface ArmCall {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Arm {
  readonly emulator: Emulator;
  /** `/subscriptions/..` and `/subscriptions/../resourceGroups/..` of the seed. */
  readonly subscription: string;
  readonly group: string;
  /** A raw call, as the administrator unless a token is given; the api-version is added when the path has none. */
  call(method: string, path: string, call?: ArmCall): Promise<RawAnswer>;
  /** Creates an account and waits for it. Answers its id. */
  makeAccount(name: string, properties?: object): Promise<string>;
  /** Creates a container by a raw call. Answers its id. */
  makeContainer(accountId: string, name: string): Promise<string>;
  /** Creates an identity, with a token of its own for ARM. */
  makeCaller(name: string): Promise<{ identity: UserAssignedIdentity; token: string }>;
  /** Assigns a role to a principal at a scope, as the administrator. */
  grant(scope: string, roleId: string, principalId: string, more?: object): Promise<string>;
  readonly storage: StorageManagementClient;
  readonly authorization: AuthorizationManagementClient;
  readonly identities: ManagedServiceIdentityClient;
  close(): Promise<void>;
}

/** Starts an emulator that the SDKs of this process trust. */
export async function startArm(options: EmulatorOptions = {}): Promise<Arm> {
  const emulator = await startEmulator(options);
  const trusted = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...trusted, emulator.ca]);
  const token = await administratorToken(emulator);
  const { info } = emulator;
  const subscription = `/subscriptions/${info.subscriptionId}`;
  const group = `${subscription}/resourceGroups/${info.resourceGroup}`;
  const call: Arm["call"] = (method, path, given = {}) => armCall(emulator, { method, path, token, ...given });
  const arm = { emulator, subscription, group, call };
  return {
    ...arm,
    makeAccount: (name, properties = {}) => makeAccount(arm, name, properties),
    makeContainer: async (accountId, name) => {
      const id = `${accountId}/blobServices/default/containers/${name}`;
      equal((await call("PUT", id, { body: {} })).status, 201);
      return id;
    },
    makeCaller: (name) => makeCaller(arm, name),
    grant: async (scope, roleId, principalId, more = {}) => {
      const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
      const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
      const body = { properties: { roleDefinitionId, principalId, principalType: "ServicePrincipal", ...more } };
      equal((await call("PUT", id, { body })).status, 201);
      return id;
    },
    ...clients(emulator),
    close: async () => {
      tls.setDefaultCACertificates(trusted);
      await emulator.close();
    },
  };
}

function clients({ info }: Emulator) {
  const { administrator, authorityHost, subscriptionId } = info;
  const credential = new ClientSecretCredential(info.tenantId, administrator.clientId, administrator.clientSecret, {
    authorityHost,
    disableInstanceDiscovery: true,
  });
  const options = { endpoint: info.armEndpoint };
  return {
    storage: new StorageManagementClient(credential, subscriptionId, options),
    authorization: new AuthorizationManagementClient(credential, subscriptionId, options),
    identities: new ManagedServiceIdentityClient(credential, subscriptionId, options),
  };
}

type RawCall = ArmCall & { readonly method: string; readonly path: string; readonly token: string };

function armCall(emulator: Emulator, { method, path, token, body, headers }: RawCall): Promise<RawAnswer> {
  const separator = path.includes("?") ? "&" : "?";
  const versioned = /[?&]api-version=/i.test(path) ? path : `${path}${separator}api-version=${versionFor(path)}`;
  return send(emulator, versioned, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

function versionFor(path: string): string {
  const [namespace = "", type = ""] = path.split("?")[0]?.split("/providers/").at(-1)?.split("/") ?? [];
  if (!path.includes("/providers/")) return "2021-01-01";
  return VERSIONS[`${namespace}/${type}`] ?? VERSIONS[namespace] ?? "2021-04-01";
}

type Bare = Pick<Arm, "emulator" | "subscription" | "group" | "call">;

async function makeAccount({ group, call }: Bare, name: string, properties: object): Promise<string> {
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const body = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" }, properties };
  const accepted = await call("PUT", id, { body });
  equal(accepted.status, 202, accepted.text);
  const location = new URL(String(accepted.headers.location));
  equal((await call("GET", `${location.pathname}${location.search}`)).status, 200);
  return id;
}

async function makeCaller({ emulator, group, call }: Bare, name: string) {
  const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  equal((await call("PUT", id, { body: { location: "westeurope" } })).status, 201);
  const properties = { issuer: emulator.issuer.issuer, subject: `system:serviceaccount:test:${name}` };
  const audiences = ["api://AzureADTokenExchange"];
  const credential = { body: { properties: { ...properties, audiences } } };
  equal((await call("PUT", `${id}/federatedIdentityCredentials/${name}`, credential)).status, 201);
  const identity = emulator.world.identities.get(id.toLowerCase());
  if (identity === undefined) throw new Error(`the identity ${id} is not in the world`);
  const answer = await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: identity.clientId,
    client_assertion: await emulator.issuer.mint({ namespace: "test", name }),
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: "https://management.azure.com/.default",
  });
  equal(answer.status, 200, answer.text);
  return { identity, token: String(answer.json()["access_token"]) };
}

/** All items of an SDK's list. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
