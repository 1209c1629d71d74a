// Azure as a client finds it that knows only its public names: the emulator at 127.0.0.1:443 and at the address of the
// instance metadata service, in a namespace where the names lead there.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CallReport, HeldContainer, HeldState, ReadyFile } from "../support/emulator-admin.ts";
import { createNamespace, type Namespace } from "../support/namespace.ts";
import { fileWrittenBy, type Program, startProgram } from "../support/processes.ts";
import type { ClientConfig } from "./client-config.ts";
import { type Conversation, startConversation } from "./conversation.ts";

const folderOfTests = dirname(fileURLToPath(import.meta.url));
const productPath = join(folderOfTests, "..", "..", "bin", "keyless-csi.mjs");
const IMDS = "169.254.169.254";

/** Without what keeps the Node processes of tests at loopback addresses and names: here the namespace does that. */
const withoutGuard = { NODE_OPTIONS: "" };

/** The ready file, as far as client programs need it. */
interface Ready extends ReadyFile {
  readonly administrator: ClientConfig["administrator"];
}

export interface State extends HeldState {
  readonly containers: readonly (HeldContainer & { readonly blobs: number })[];
}

export interface Calls extends CallReport {
  readonly calls: readonly (CallReport["calls"][number] & { readonly milliseconds: number; readonly host: string })[];
}

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AzureByName {
  readonly emulator: Program;
  /** Also holds the logs of programs; removed by `stop`. */
  readonly folder: string;
  /** Of the emulator: what it has written when it listens. */
  readonly readyFile: string;
  state(): Promise<State>;
  calls(): Promise<Calls>;
  /** Writes a client's configuration into a file; its workload's token is beside it. */
  configure(
    account: string,
    more?: Pick<ClientConfig, "hierarchical">,
  ): Promise<{ readonly path: string; readonly config: ClientConfig }>;
  /** Starts a client in the namespace; it trusts the emulator's authority and nothing else of it. */
  startClient(name: string, path: string, args: readonly string[]): Promise<Conversation>;
  /** Runs a program in the namespace to its end, whatever its exit code, with `env` added to this process' environment. */
  execute(path: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Executed>;
  /** Runs a program in the namespace and waits for its end; it trusts only what its arguments name. */
  run(name: string, path: string, args: readonly string[]): Promise<Program>;
  stop(): Promise<void>;
}

/** Starts the emulator in a namespace where `accounts` and Azure's own names lead to it. */
export async function startAzureByName(accounts: readonly string[]): Promise<AzureByName> {
  const hosts = ["login.microsoftonline.com", "login.microsoft.com", "management.azure.com", "graph.microsoft.com"];
  const services = accounts.flatMap((account) => ["blob", "dfs"].map((service) => `${account}.${service}`));
  const names = [...hosts, ...services.map((name) => `${name}.core.windows.net`)];
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-clients-"));
  const endings: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end();
  };
  try {
    const namespace = await createNamespace({ names, addresses: [IMDS] });
    endings.push(namespace.close);
    const readyFile = join(folder, "ready.json");
    const flags = ["--listen", "127.0.0.1:443", "--imds", `${IMDS}:80`, "--ready-file", readyFile];
    const [path, args] = namespace.enter(process.execPath, [productPath, "emulator", ...flags]);
    const emulator = await startProgram(path, args, { name: "emulator", logFolder: folder, env: withoutGuard });
    endings.push(() => emulator.stop());
    const ready = JSON.parse(await fileWrittenBy(emulator, readyFile)) as Ready;
    const startClient = clientStarter(namespace, folder, ready.caFile);
    const observer = await startClient("observer", process.execPath, [join(folderOfTests, "observer.ts"), readyFile]);
    endings.push(observer.end);
    return {
      emulator,
      folder,
      readyFile,
      startClient,
      stop,
      state: async () => (await observer.ask("state")) as State,
      calls: async () => (await observer.ask("calls")) as Calls,
      execute: (program, rest, more) => execute(namespace.enter(program, rest), more),
      configure: (account, more) => configure(ready, observer, { folder, account, more }),
      run: async (name, program, rest) => {
        const [inside, all] = namespace.enter(program, rest);
        const started = await startProgram(inside, all, { name, logFolder: folder, env: withoutGuard });
        await started.ended;
        return started;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function clientStarter(namespace: Namespace, logFolder: string, caFile: string): AzureByName["startClient"] {
  const env = {
    NODE_EXTRA_CA_CERTS: caFile, // JavaScript
    REQUESTS_CA_BUNDLE: caFile, // Python
    SSL_CERT_FILE: caFile, // Go
    ...withoutGuard,
  };
  return (name, path, args) => startConversation(namespace.enter(path, args), { name, logFolder, env });
}

async function execute(
  [path, args]: readonly [string, readonly string[]],
  more: Readonly<Record<string, string>>,
): Promise<Executed> {
  const env = { ...process.env, ...withoutGuard, ...more };
  try {
    return { code: 0, ...(await promisify(execFile)(path, args, { env, maxBuffer: 64 * 1024 * 1024 })) };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw error;
    return { code, stdout, stderr };
  }
}

interface Wanted {
  readonly folder: string;
  readonly account: string;
  readonly more: Pick<ClientConfig, "hierarchical"> | undefined;
}

async function configure(ready: Ready, observer: Conversation, where: Wanted) {
  const { tenantId, subscriptionId, resourceGroup, location } = ready;
  const [workload, machine] = ready.identities;
  if (workload === undefined || machine === undefined) throw new Error("the emulator has less than two identities");
  const tokenFile = join(where.folder, `${where.account}-token`);
  const { token } = (await observer.ask(`token demo ${workload.name}`)) as { token: string };
  await writeFile(tokenFile, token);
  const config: ClientConfig = {
    tenantId,
    subscriptionId,
    resourceGroup,
    location,
    account: where.account,
    container: "made-by-a-client",
    administrator: ready.administrator,
    workload: { clientId: workload.clientId, principalId: workload.principalId, tokenFile },
    machine: { clientId: machine.clientId, principalId: machine.principalId },
    ...where.more,
  };
  const path = join(where.folder, `${where.account}.json`);
  await writeFile(path, JSON.stringify(config));
  return { path, config };
}
