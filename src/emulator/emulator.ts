/**
 * The whole emulator: Azure Resource Manager, Entra, Blob and Data Lake in one process on loopback. It has no global
 * state, so one process can run several.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Assembly, assemble } from "./assembly.ts";
import type { CallLog } from "./call-log.ts";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults/faults.ts";
import { AZURE_NAMES, createServerIdentity } from "./http/certificate.ts";
import type { Dispatch } from "./http/dispatch.ts";
import { IMDS_ADDRESS, listen, parseAnyAddress, parseListenAddress } from "./http/server.ts";
import type { ServiceAccountIssuer } from "./issuer/service.ts";
import { keepTokenFresh } from "./issuer/token-file.ts";
import { describeEmulator, type EmulatorFiles, type EmulatorInfo, fileNames } from "./ready-file.ts";
import type { Services } from "./services.ts";
import { DEFAULT_SETTINGS, type EmulatorSettings } from "./settings.ts";
import { blobFolderOf, loadSnapshot, saveSnapshot } from "./snapshot.ts";
import type { World } from "./world.ts";
import { writeWhole } from "./write-whole.ts";

export interface EmulatorOptions {
  /** Loopback addresses, `host:port`; port 0 lets the system choose. The first is the one in `info`. */
  readonly listen?: readonly string[];
  /**
   * For demos only: the name by which other machines reach the first address of `listen`, which need not be loopback then. It
   * replaces the address in `info`, and the certificate has it.
   */
  readonly reachableAs?: string;
  /** Issuer of a cluster whose ServiceAccounts the seeded identities trust besides the built-in ones of the same names. */
  readonly clusterIssuer?: string;
  /** Where the instance metadata service listens, plain HTTP; absent: nowhere. */
  readonly imds?: string;
  /** PEM certificates to trust when ServiceAccount issuers' keys are fetched, beside the public ones and its own. */
  readonly issuerCa?: string;
  /** Written when everything listens and removed at the end; the CA and the token file are beside it. */
  readonly readyFile?: string;
  /** Read at the start if it exists, and written at the end. Bodies of blobs are in a folder beside it. */
  readonly stateFile?: string;
  /** Overrides of `DEFAULT_SETTINGS`. */
  readonly settings?: Partial<EmulatorSettings>;
}

/** A running emulator. Tests in the same process have here what the admin endpoint offers over HTTP. */
export interface Emulator {
  readonly info: EmulatorInfo;
  /** The PEM that `info.caFile` holds. */
  readonly ca: string;
  readonly world: World;
  readonly clock: Clock;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly issuer: ServiceAccountIssuer;
  readonly services: Services;
  /** Stops listening, cuts connections, saves the state if asked to, removes every other file. Idempotent. */
  close(): Promise<void>;
}

/** Starts an emulator. Rejects with a readable message when an address is not loopback or is in use. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const snapshot = options.stateFile === undefined ? undefined : loadSnapshot(options.stateFile);
  const sockets = await openSockets(options);
  const directory = await mkdtemp(join(tmpdir(), "keyless-emulator-"));
  try {
    const assembly = await assemble({
      url: sockets.url,
      clusterIssuer: options.clusterIssuer,
      snapshot,
      settings: { ...DEFAULT_SETTINGS, ...options.settings },
      blobFolder: options.stateFile === undefined ? join(directory, "blobs") : blobFolderOf(options.stateFile),
      authorities: [sockets.ca, ...(options.issuerCa === undefined ? [] : [options.issuerCa])],
    });
    const files = fileNames(options.readyFile, directory);
    const emulator = await open({ assembly, sockets, files, directory, stateFile: options.stateFile });
    sockets.admit(assembly);
    return emulator;
  } catch (error) {
    await sockets.close();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Listeners that hold every call back until `admit` is called. */
interface Sockets {
  readonly url: string;
  readonly imdsUrl: string | undefined;
  readonly ca: string;
  admit(assembly: Assembly): void;
  close(): Promise<void>;
}

/** Opens all listeners or none. They come first because the services contain their addresses. */
async function openSockets(options: EmulatorOptions): Promise<Sockets> {
  const { reachableAs: name } = options;
  const read = name === undefined ? (text: string) => parseListenAddress(text) : parseAnyAddress;
  const addresses = (options.listen ?? ["127.0.0.1:0"]).map(read);
  const imds = options.imds === undefined ? undefined : parseListenAddress(options.imds, [IMDS_ADDRESS]);
  const hosts = new Set(["127.0.0.1", "::1", "localhost", ...addresses.map(({ host }) => host)]);
  const identity = await createServerIdentity([...hosts, ...(name === undefined ? [] : [name]), ...AZURE_NAMES]);
  const door = Promise.withResolvers<Assembly>();
  const enter: Dispatch = async (call, gone) => (await door.promise).dispatch(call, gone);
  const enterImds: Dispatch = async (call, gone) => (await door.promise).dispatchImds(call, gone);
  const results = await Promise.allSettled([
    ...addresses.map((address) => listen(address, identity, enter)),
    ...(imds === undefined ? [] : [listen(imds, undefined, enterImds)]),
  ]);
  const listeners = results.filter((each) => each.status === "fulfilled").map((each) => each.value);
  const close = async () => void (await Promise.all(listeners.map((listener) => listener.close())));
  const failed = results.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const [url = "", imdsUrl] = [listeners[0]?.urlAs(name), imds && listeners.at(-1)?.urlAs()];
  return { url, imdsUrl, ca: identity.ca, admit: door.resolve, close };
}

interface Opening {
  readonly assembly: Assembly;
  readonly sockets: Sockets;
  readonly files: EmulatorFiles;
  readonly directory: string;
  readonly stateFile: string | undefined;
}

/** Writes the files, the ready file last, and returns the running emulator. */
async function open({ assembly, sockets, files, directory, stateFile }: Opening): Promise<Emulator> {
  const { services, issuer, calls, faults, secrets } = assembly;
  const { url, imdsUrl, ca } = sockets;
  const info = describeEmulator({
    url,
    imdsUrl,
    issuer: issuer.issuer,
    secrets,
    files,
    limits: services.settings.limits,
  });
  writeWhole(files.ca, ca);
  const token = await keepTokenFresh(files.token, issuer, services.clock);
  assembly.onClockMoved(token.refresh);
  if (files.ready !== undefined) writeWhole(files.ready, `${JSON.stringify(info, undefined, 2)}\n`);
  let closing: Promise<void> | undefined;
  const shut = async () => {
    token.stop();
    faults.clear();
    await sockets.close();
    if (stateFile !== undefined) saveSnapshot(stateFile, assembly.snapshot());
    await services.blobs.close({ keep: stateFile !== undefined });
    const written = [files.ready, files.ca, files.token].filter((file) => file !== undefined);
    await Promise.all(written.map((file) => rm(file, { force: true })));
    await rm(directory, { recursive: true, force: true });
  };
  const close = () => {
    closing ??= shut();
    return closing;
  };
  const { world, clock } = services;
  return { info, ca, world, clock, calls, faults, issuer, services, close };
}
