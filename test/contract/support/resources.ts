// Resources that the checks use: accounts, containers, role assignments and identities of this run. In Azure an account takes
// half a minute and a role assignment some minutes to take effect, so what can be shared is created once per cloud.
import { equal, ok } from "node:assert/strict";
import { decodeJwt } from "jose";
import type { Answer, Cloud } from "./cloud.ts";
import { STORAGE_SCOPE } from "./cloud.ts";

/** Role ids, the same in every tenant ("Azure built-in roles"). */
export const ROLES = {
  blobContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  blobReader: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  accessAdministrator: "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
} as const;

export const ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments";

export interface Account {
  readonly id: string;
  readonly name: string;
  /** Its Blob endpoint, without a trailing slash. */
  readonly blob: string;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly account: Account;
  /** On the data plane. */
  readonly url: string;
}

export interface Identity {
  readonly id: string;
  readonly clientId: string;
  readonly principalId: string;
}

/** Asserts that a call was refused with this status and code; otherwise shows the answer. */
export function refused(answer: Answer, status: number, code: string): void {
  equal(`${answer.status} ${answer.code}`, `${status} ${code}`, answer.text);
}

/** Asserts the status; otherwise shows the body. */
export function answered(answer: Answer, ...statuses: number[]): Answer {
  ok(statuses.includes(answer.status), `expected ${statuses.join(" or ")}, got ${answer.status}: ${answer.text}`);
  return answer;
}

export interface AccountBody {
  readonly [name: string]: unknown;
  readonly properties?: object;
}

/** The body of a keyless account, as the product creates them. */
export function keyless(cloud: Cloud, change: AccountBody = {}): AccountBody {
  return {
    location: cloud.location,
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    tags: { purpose: "keyless-csi contract" },
    ...change,
    properties: {
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      defaultToOAuthAuthentication: true,
      isLocalUserEnabled: false,
      minimumTlsVersion: "TLS1_2",
      supportsHttpsTrafficOnly: true,
      ...change.properties,
    },
  };
}

/** The ARM id of an account that need not exist yet. */
export function accountId(cloud: Cloud, name: string = cloud.newName()): string {
  return `${cloud.group}/providers/Microsoft.Storage/storageAccounts/${name}`;
}

/** Follows a 202's Location until it answers 200. */
export async function settle(cloud: Cloud, accepted: Answer): Promise<Answer> {
  let answer = accepted;
  const location = accepted.headers.get("location") ?? "";
  while (answer.status === 202) {
    await cloud.pause(Number(answer.headers.get("retry-after") ?? 5));
    answer = await cloud.arm("GET", location);
  }
  return answered(answer, 200);
}

/** Creates an account and waits for it. */
export async function makeAccount(cloud: Cloud, change: AccountBody = {}): Promise<Account> {
  const id = accountId(cloud);
  await settle(cloud, answered(await cloud.arm("PUT", id, { body: keyless(cloud, change) }), 200, 202));
  const { name, properties } = (await cloud.arm("GET", id)).json<{
    name: string;
    properties: { primaryEndpoints: { blob: string } };
  }>();
  return { id, name, blob: properties.primaryEndpoints.blob.replace(/\/$/, "") };
}

/** A keyless account in which several checks create containers. */
export const sharedAccount = onceForEachCloud((cloud) => makeAccount(cloud));

/** Names a container in an account; creates nothing. */
export function containerIn(cloud: Cloud, account: Account, name = cloud.newName()): Container {
  return {
    id: `${account.id}/blobServices/default/containers/${name}`,
    name,
    account,
    url: `${account.blob}/${name}`,
  };
}

/** Creates a container in the shared account. */
export async function makeContainer(cloud: Cloud, properties: object = {}): Promise<Container> {
  const container = containerIn(cloud, await sharedAccount(cloud));
  answered(await cloud.arm("PUT", container.id, { body: { properties } }), 201);
  return container;
}

export function roleId(cloud: Cloud, role: string): string {
  return `${cloud.subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
}

/** The body of a role assignment; for the suite itself unless a service principal is named. */
export function assignmentOf(
  cloud: Cloud,
  role: string,
  principalId?: string,
  more: object = {},
): { properties: object } {
  const who = principalId === undefined ? cloud.self : { principalId, principalType: "ServicePrincipal" };
  return { properties: { roleDefinitionId: roleId(cloud, role), ...who, ...more } };
}

/** Assigns a role at a scope; answers the assignment's id. */
export async function grant(
  cloud: Cloud,
  scope: string,
  body: { properties: object },
  name: string = cloud.newGuid(),
): Promise<string> {
  const id = `${scope}/${ASSIGNMENTS}/${name}`;
  answered(await cloud.arm("PUT", id, { body }), 201);
  return id;
}

/** A role assignment as Azure shows it. */
export interface ShownAssignment {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly scope: string;
    readonly principalId: string;
    readonly principalType: string;
    readonly roleDefinitionId: string;
    readonly description?: string;
    readonly condition?: string;
    readonly conditionVersion?: string;
  };
}

/** A role assignment, once Azure finds it by its name. */
export async function readAssignment(cloud: Cloud, id: string): Promise<ShownAssignment> {
  let answer: Answer | undefined;
  await cloud.eventually(async () => {
    answer = answered(await cloud.arm("GET", id), 200);
  });
  return (answer as Answer).json<ShownAssignment>();
}

/** The role assignments that a list at the scope shows. */
export async function listAssignments(cloud: Cloud, scope: string, filter = ""): Promise<ShownAssignment[]> {
  const path = `${scope}/${ASSIGNMENTS}?$filter=${encodeURIComponent(filter)}`;
  return answered(await cloud.arm("GET", path), 200).json<{ value: ShownAssignment[] }>().value;
}

/** A container that the suite may read and write; the role assignment is in effect. */
export const openContainer = onceForEachCloud(async (cloud) => {
  const container = await makeContainer(cloud);
  await grant(cloud, container.id, assignmentOf(cloud, ROLES.blobContributor));
  await cloud.eventually(async () => {
    answered(await cloud.blob("GET", `${container.url}?restype=container&comp=list`), 200);
    answered(await putBlob(cloud, `${container.url}/probe`, "probe"), 201);
  });
  return container;
});

/** A container in an account with a hierarchical namespace, open to the suite; `dfs` is its address as a filesystem. */
export const openFilesystem = onceForEachCloud(async (cloud) => {
  const account = await makeAccount(cloud, { properties: { isHnsEnabled: true } });
  const container = containerIn(cloud, account);
  answered(await cloud.arm("PUT", container.id, { body: { properties: {} } }), 201);
  await grant(cloud, container.id, assignmentOf(cloud, ROLES.blobContributor));
  const shown = (await cloud.arm("GET", account.id)).json<{ properties: { primaryEndpoints: { dfs: string } } }>();
  const dfs = `${shown.properties.primaryEndpoints.dfs.replace(/\/$/, "")}/${container.name}`;
  await cloud.eventually(async () => {
    answered(await cloud.blob("GET", `${container.url}?restype=container&comp=list`), 200);
    answered(await putBlob(cloud, `${container.url}/probe`, "probe"), 201);
  });
  return { ...container, dfs };
});

/** Writes a block blob. */
export function putBlob(cloud: Cloud, url: string, body: string, headers: object = {}): Promise<Answer> {
  return cloud.blob("PUT", url, { body, headers: { "x-ms-blob-type": "BlockBlob", ...headers } });
}

/** Creates a user-assigned identity. */
export async function makeIdentity(cloud: Cloud, tags: Record<string, string> = {}): Promise<Identity> {
  const id = `${cloud.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${cloud.newName()}`;
  const made = answered(await cloud.arm("PUT", id, { body: { location: cloud.location, tags } }), 200, 201);
  const { clientId, principalId } = made.json<{ properties: { clientId: string; principalId: string } }>().properties;
  return { id, clientId, principalId };
}

/** Issuer, subject and audience of the external token, as a federated credential names them. */
export async function claimsOfAssertion(cloud: Cloud): Promise<Trust> {
  const { iss, sub, aud } = decodeJwt(await assertionOf(cloud));
  return { issuer: String(iss), subject: String(sub), audiences: [String([aud].flat()[0])] };
}

export interface Trust {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** Makes an identity trust tokens that match `trust`. */
export async function federate(cloud: Cloud, identity: Identity, trust: Trust, name = "contract"): Promise<string> {
  const id = `${identity.id}/federatedIdentityCredentials/${name}`;
  answered(await cloud.arm("PUT", id, { body: { properties: trust } }), 201);
  return id;
}

/** Exchanges the external token for one of the identity. */
export async function exchange(
  cloud: Cloud,
  identity: Identity,
  change: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return cloud.entra({
    grant_type: "client_credentials",
    client_id: identity.clientId,
    client_assertion: await assertionOf(cloud),
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: STORAGE_SCOPE,
    ...change,
  });
}

function assertionOf(cloud: Cloud): Promise<string> {
  if (cloud.assertion === undefined) throw new Error("this cloud has no external token");
  return cloud.assertion();
}

/** An identity without any right, and a token of it: for ARM, or for another scope. */
export async function makeStranger(
  cloud: Cloud,
  scope: string = cloud.armScope,
): Promise<Identity & { readonly token: string }> {
  const identity = await makeIdentity(cloud);
  await federate(cloud, identity, await claimsOfAssertion(cloud));
  let token = "";
  await cloud.eventually(async () => {
    token = String(answered(await exchange(cloud, identity, { scope }), 200).json()["access_token"]);
  });
  return { ...identity, token };
}

function onceForEachCloud<Made>(make: (cloud: Cloud) => Promise<Made>): (cloud: Cloud) => Promise<Made> {
  const made = new WeakMap<Cloud, Promise<Made>>();
  return (cloud) => {
    const existing = made.get(cloud) ?? make(cloud);
    made.set(cloud, existing);
    return existing;
  };
}
