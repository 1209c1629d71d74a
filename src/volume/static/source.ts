/** What a static volume is made of: a container that exists, or the one of a volume that this controller has made. */
import { DriverError } from "../../errors.ts";
import { describeDrift } from "../account/keyless.ts";
import { findOwnAccount } from "../account/own-account.ts";
import { mayHold } from "../account/ownership.ts";
import { findClass } from "../class/known-classes.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Account, AccountRef, FileSystem, FileSystemRef, MountableVolume, WorkloadIdentity } from "../ports.ts";
import { type Finding, look, lookFor } from "./finding.ts";

export interface Source {
  readonly fileSystem: FileSystem;
  /** Whether DeleteVolume can come for it: then the metadata names whom it was opened for. */
  readonly isOurs: boolean;
  /** The volume whose file system it is. */
  readonly volume?: MountableVolume;
  readonly mountOptions: readonly string[];
  attributesFor(identity: WorkloadIdentity): Readonly<Record<string, string>>;
}

/** Where the account may be: any that the sign-in may read, also one that the controller has nothing to do with. */
export async function ofFileSystem(
  deps: Dependencies,
  { ref, isMigrating }: { readonly ref: FileSystemRef; readonly isMigrating: boolean },
  findings: Finding[],
): Promise<Source | undefined> {
  const { settings, backend } = deps;
  const account = await findKeyless(deps, ref, findings, isMigrating);
  const fileSystem = account && (await findFileSystem(deps, ref, findings));
  if (account === undefined || fileSystem === undefined) return undefined;
  const { volumeClass } = findClass({ identity: "serviceAccount" }, settings, backend);
  return {
    fileSystem,
    isOurs: mayHold(account, ref, settings),
    mountOptions: backend.mountOptions,
    attributesFor: (identity) => backend.volumeContext({ account, fileSystem: ref, identity, volumeClass }, settings),
  };
}

/** A further PersistentVolume for the data of one that this controller has made. */
export async function ofVolume(deps: Dependencies, name: string, findings: Finding[]): Promise<Source | undefined> {
  const volume = await deps.ports.cluster.findVolume(name);
  const own = await look(findings, () => findOwn(deps, name, volume), {
    ok: ({ ref }) => `PersistentVolume ${name} is a volume of this controller: ${deps.backend.noun} ${ref.name}`,
  });
  const account = own && (await findKeyless(deps, own.ref, findings));
  const fileSystem = account && (await findFileSystem(deps, own.ref, findings));
  if (own === undefined || fileSystem === undefined) return undefined;
  const { mountOptions, attributes } = own.volume;
  return {
    fileSystem,
    isOurs: true,
    volume: own.volume,
    mountOptions,
    attributesFor: (identity) => withIdentity(attributes, identity),
  };
}

async function findOwn(
  deps: Dependencies,
  name: string,
  volume: MountableVolume | undefined,
): Promise<{ readonly volume: MountableVolume; readonly ref: FileSystemRef }> {
  if (volume === undefined) throw new DriverError("Misconfigured", `PersistentVolume ${name} does not exist`);
  const ref = deps.backend.parseVolumeId(volume.handle);
  if (ref === undefined) {
    throw new DriverError(
      "NotOurs",
      `PersistentVolume ${name} was not made by this controller: name its account and its ${deps.backend.noun} instead of --volume`,
    );
  }
  if (volume.phase !== "Bound") {
    throw new DriverError(
      "Misconfigured",
      `PersistentVolume ${name} is ${volume.phase || "not Bound"}: it is not opened for others`,
    );
  }
  const account = await findOwnAccount(deps, ref, "ours");
  if (typeof account !== "string") return { volume, ref };
  throw new DriverError(
    "Misconfigured",
    `the storage of PersistentVolume ${name} is gone: ${ref.name} in ${ref.account.name}`,
  );
}

/** `isMigrating`: that it is not keyless has to be said, and stands in the way of nothing. */
async function findKeyless(
  deps: Dependencies,
  { account: ref }: FileSystemRef,
  findings: Finding[],
  isMigrating = false,
): Promise<Account | undefined> {
  const account = (await lookFor(findings, () => findAccount(deps, ref)))?.found;
  if (account === undefined) return undefined;
  const isKeyless = account.nonEntraAccess.length === 0;
  findings.push(
    isKeyless
      ? {
          state: "ok",
          text: `storage account ${ref.name} is keyless: no key, no anonymous access, no local user, no plain HTTP`,
        }
      : {
          state: isMigrating ? "missing" : "wrong",
          text: `${describeDrift(account)}. docs/how-to/migrate.md says in which order to turn it off`,
        },
  );
  for (const weakness of account.weaknesses ?? []) {
    findings.push({ state: "note", text: `storage account ${ref.name}: ${weakness}` });
  }
  return isKeyless || isMigrating ? account : undefined;
}

async function findAccount({ ports }: Dependencies, ref: AccountRef): Promise<Account> {
  const account = await ports.accounts.find(ref);
  if (account !== undefined) return account;
  const { name, resourceGroup, subscriptionId } = ref;
  throw new DriverError(
    "Misconfigured",
    `storage account ${name} does not exist in resource group ${resourceGroup} of subscription ${subscriptionId}`,
  );
}

function findFileSystem(
  { ports, backend }: Dependencies,
  ref: FileSystemRef,
  findings: Finding[],
): Promise<FileSystem | undefined> {
  const what = `${backend.noun} ${ref.name}`;
  const find = async () => {
    const found = await ports.fileSystems.find(ref);
    if (found !== undefined) return found;
    throw new DriverError("Misconfigured", `${what} does not exist in storage account ${ref.account.name}`);
  };
  return look(findings, find, { ok: () => `${what} exists` });
}

/** What csi-provisioner adds to the attributes is its own. */
const OF_PROVISIONER = "storage.kubernetes.io/";

/** As the node plugin reads them: names without case. */
function withIdentity(
  attributes: Readonly<Record<string, string>>,
  { clientId, tenantId }: WorkloadIdentity,
): Readonly<Record<string, string>> {
  const isReplaced = (name: string) => ["clientid", "tenantid"].includes(name.toLowerCase());
  const kept = Object.entries(attributes).filter(([name]) => !isReplaced(name) && !name.startsWith(OF_PROVISIONER));
  return { ...Object.fromEntries(kept), clientID: clientId, tenantID: tenantId };
}
