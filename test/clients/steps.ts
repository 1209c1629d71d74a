// What every client does, in this order; what it must see; and what the emulator must contain afterwards.
import { createHash } from "node:crypto";
import type { State } from "./azure-by-name.ts";
import type { ClientConfig } from "./client-config.ts";

export interface Step {
  /** What the client programs call it. */
  readonly id: string;
  readonly title: string;
  /** What the client must have seen, or how it must have been refused. */
  readonly answer: { readonly seen: unknown } | { readonly status: number; readonly code: string };
  /** What the emulator must hold of the client's account afterwards. */
  readonly held: Held;
}

export interface Held {
  /** `allowSharedKeyAccess` of the account; undefined: there is no account. */
  readonly sharedKey?: boolean;
  /** How many blobs its container has; undefined: there is no container. */
  readonly blobs?: number;
  /** Principals of the role assignments at the container. */
  readonly granted: readonly string[];
}

/** What the emulator holds of an account, in the words of a step. */
export function heldOf(state: State, { account, container }: ClientConfig): Held {
  const id = `/storageAccounts/${account}`;
  const sharedKey = state.accounts.find(({ name }) => name === account)?.properties["allowSharedKeyAccess"];
  const blobs = state.containers.find((each) => each.name === container && each.account.endsWith(account))?.blobs;
  const granted = state.roleAssignments.filter(({ scope }) => scope.includes(id)).map((each) => each.principalId);
  return {
    ...(sharedKey === undefined ? {} : { sharedKey: sharedKey === true }),
    ...(blobs === undefined ? {} : { blobs }),
    granted,
  };
}

/** The steps of one client. `administratorPrincipal` is the object id of the principal that signs in with the secret. */
export function stepsOf(config: ClientConfig, administratorPrincipal: string): readonly Step[] {
  const { tenantId, account, container, workload, machine } = config;
  const scope = `/subscriptions/${config.subscriptionId}/resourceGroups/${config.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${account}/blobServices/default/containers/${container}`;
  const nothing: Held = { granted: [] };
  const keyless: Held = { sharedKey: false, granted: [] };
  const empty: Held = { ...keyless, blobs: 0 };
  const open: Held = { ...empty, granted: [workload.principalId] };
  const filled: Held = { ...open, blobs: 3 };
  const noRight = { status: 403, code: "AuthorizationPermissionMismatch" };
  const noKey = { status: 403, code: "KeyBasedAuthenticationNotPermitted" };
  const signedIn = (principal: string) => ({ seen: { tenant: tenantId, principal } });
  const rows: readonly (readonly [id: string, title: string, answer: Step["answer"], held: Held])[] = [
    ["sign_in", "signs in with a client secret", signedIn(administratorPrincipal), nothing],
    ["find_principal", "finds the workload's identity", { seen: { principal: workload.principalId } }, nothing],
    [
      "create_account",
      "creates a keyless account",
      { seen: { account, state: "Succeeded", sharedKey: false } },
      keyless,
    ],
    ["create_container", "creates a container", { seen: { container, metadata: { made: "by-arm" } } }, empty],
    ["upload_without_grant", "may not upload without a role assignment, signed in by federation", noRight, empty],
    ["assign_role", "assigns the role at the container", { seen: { principal: workload.principalId, scope } }, open],
    ["upload", "uploads small blobs, and a big one in blocks", { seen: { bytes: big().length } }, filled],
    ["upload_again", "may not replace a blob that must be new", { status: 409, code: "BlobAlreadyExists" }, filled],
    ["download", "downloads them, whole, in parts and with their properties", { seen: downloaded() }, filled],
    ["list_blobs", "lists them flat in pages, and by delimiter", { seen: listed }, filled],
    ["use_key", "may not use a key", noKey, filled],
    ["managed_identity", "signs in as a managed identity", signedIn(machine.principalId), filled],
    ["list_without_grant", "may not list with that identity, which has no role assignment", noRight, filled],
    ["list_resources", "lists accounts, containers and role assignments", { seen: found(config) }, filled],
    ["delete_blobs", "deletes the blobs", { seen: { left: 0 } }, open],
    ["remove_role", "removes the role assignment", { seen: null }, empty],
    ["list_after_removal", "may not list after that", noRight, empty],
    ["delete_container", "deletes the container", { seen: null }, keyless],
    ["delete_account", "deletes the account", { seen: { accounts: [] } }, nothing],
  ];
  return rows.map(([id, title, answer, held]) => ({ id, title, answer, held }));
}

const listed = {
  pages: [["folder/big", "folder/small"], ["hello.txt"]],
  prefixes: ["folder/"],
  top: ["hello.txt"],
};

/** What every client uploads as `folder/big`: some 9 MiB. */
function big(): Buffer {
  const pattern = Buffer.from(Array.from({ length: 251 }, (_, index) => index));
  const times = Math.floor((9 * 1024 * 1024) / pattern.length);
  return Buffer.concat([...Array.from({ length: times }, () => pattern), Buffer.from("end")]);
}

function downloaded() {
  const sha256 = createHash("sha256").update(big()).digest("hex");
  return { sha256, part: "keyless", note: "kept", type: "text/plain" };
}

function found({ account, container }: ClientConfig) {
  return { accounts: [account], containers: [container], assignments: [true] };
}
