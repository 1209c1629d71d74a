/**
 * Which containers a PersistentVolume names, and with which identity: of any driver, as the OSS blob node plugin reads handle
 * and attributes, and in doubt one container too many. Source: blob-csi-driver v1.27, GetAuthEnv in pkg/blob/blob.go and
 * NodeStageVolume in nodeserver.go.
 */
import { findByName } from "../../text/members.ts";
import type { ClusterVolume } from "../../volume/ports.ts";
import type { VolumeReferences } from "../backend.ts";
import { readHandle } from "./volume-id.ts";

/** The plugin reads both as the account's name. */
const ACCOUNT_KEYS = ["storageaccount", "storageaccountname"];
const CONTAINER_KEY = "containername";
/** What the plugin replaces in a container's name, and the attribute that it takes the value from. */
const PLACEHOLDERS = {
  "${pvc.metadata.name}": "csi.storage.k8s.io/pvc/name",
  "${pvc.metadata.namespace}": "csi.storage.k8s.io/pvc/namespace",
  "${pv.metadata.name}": "csi.storage.k8s.io/pv/name",
} as const;
/** More words than a handle made by hand has; ARM ids have ten. */
const MOST_WORDS = 16;

/**
 * For the plugin attributes win over the handle. Both count here: csi-provisioner passes DeleteVolume the handle alone, so a
 * volume refers to what its handle names even if it mounts something else.
 */
export function readReferences({ handle, attributes }: Pick<ClusterVolume, "handle" | "attributes">): VolumeReferences {
  const named = readHandle(handle.toLowerCase());
  const containers = valuesOf(attributes, CONTAINER_KEY).map((name) => fillIn(name, attributes));
  const accounts = ACCOUNT_KEYS.flatMap((key) => valuesOf(attributes, key));
  // What the plugin mounts; a handle of another form names nothing to it.
  const [account = named?.account] = accounts;
  const [name = named?.container] = containers;
  if (named !== undefined) {
    containers.push(named.container);
    accounts.push(named.account);
  }
  const words = named === undefined ? readWords(handle) : [];
  return {
    accounts: unique([...accounts, ...words]),
    fileSystems: [
      ...unique(containers).map((name) => ({ name, accounts: unique(accounts) })),
      ...words.map((name) => ({ name, accounts: words })),
    ],
    mounted: account && name ? { account, name } : undefined,
    clientId: findByName(attributes, "clientID"),
  };
}

/**
 * A handle of another form names an account and a container when both are words of it: Microsoft's documentation recommends
 * `account_container` for volumes made by hand.
 */
function readWords(handle: string): string[] {
  const words = unique(handle.toLowerCase().split(/[^a-z0-9-]+/));
  return words.length < 2 || words.length > MOST_WORDS ? [] : words;
}

/** All values of keys that differ only in case: the plugin refuses such a volume only if they differ in value. */
function valuesOf(attributes: Readonly<Record<string, string>>, key: string): string[] {
  return Object.entries(attributes)
    .filter(([name]) => name.toLowerCase() === key)
    .map(([, value]) => value.trim().toLowerCase());
}

function fillIn(name: string, attributes: Readonly<Record<string, string>>): string {
  let filled = name;
  for (const [placeholder, key] of Object.entries(PLACEHOLDERS)) {
    filled = filled.replaceAll(placeholder, (findByName(attributes, key) ?? "").toLowerCase());
  }
  return filled;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "");
}
