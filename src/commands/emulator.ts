/** `keyless-csi emulator`: Azure in one process, until SIGTERM, SIGINT or SIGHUP. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { issuerUrl } from "../config/controller-kinds.ts";
import { certificateFile, writableFile } from "../config/files.ts";
import { amount, list, toggle, value } from "../config/kinds.ts";
import { hostName } from "../config/object-kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, type Kind, optional, setting, type ValuesOf } from "../config/setting.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../emulator/emulator.ts";
import { findAddressFault, findFormFault, IMDS_ADDRESS } from "../emulator/http/server.ts";
import { type Latency, parseLatency } from "../emulator/latency.ts";
import { type EmulatorSettings, REALISTIC_SETTINGS } from "../emulator/settings.ts";
import { DriverError } from "../errors.ts";
import { listenFault } from "../text/file-faults.ts";
import { defineCommand, EXIT } from "./command.ts";
import { toVariants, variantSettings } from "./emulator/variant-settings.ts";

/** A loopback address as text, or one of `also`; the emulator listens on no other. */
function loopback(...also: readonly string[]): Kind<string> {
  return value("HOST:PORT", { type: "string" }, (text) => {
    const wrong = findAddressFault(text, also);
    return wrong === undefined ? { value: text } : { wrong };
  });
}

/** Any address; `findProblems` says which may be used. */
const address: Kind<string> = value("HOST:PORT", { type: "string" }, (text) => {
  const wrong = findFormFault(text);
  return wrong === undefined ? { value: text } : { wrong };
});

/** One time for all answers, or a spread. */
const latency: Kind<Latency> = value("MEDIAN[/P99]", { type: "string" }, (text) => {
  const parsed = parseLatency(text);
  if (parsed !== undefined) return { value: parsed };
  return { wrong: "is not a time or a spread of times", fix: "give milliseconds, such as 50, or 50/500" };
});

const ADDRESSES = "Addresses";
const BEHAVIOUR = "Behaviour";

const settings = {
  listen: setting(list(address), {
    group: ADDRESSES,
    help: "loopback addresses for ARM, Entra, Blob and Data Lake; port 0: chosen by the system",
    fallback: "127.0.0.1:0",
  }),
  "reachable-as": optional(hostName, {
    group: ADDRESSES,
    help:
      "for demos only: the host name by which pods or other machines reach --listen, which need not be loopback then; " +
      "anyone who reaches it can use this Azure",
    absent: "only this machine reaches it",
  }),
  "ready-file": optional(writableFile, {
    group: ADDRESSES,
    help:
      "written once everything listens: endpoints, ids and secrets as JSON (a cloud file for the controller); " +
      "adminEndpoint has /faults, and at /operations what a fault can name",
  }),
  "issuer-ca": optional(certificateFile, {
    group: ADDRESSES,
    help: "PEM certificates to trust when fetching keys of ServiceAccount issuers",
  }),
  "cluster-issuer": optional(issuerUrl, {
    group: ADDRESSES,
    help:
      "issuer of a cluster's ServiceAccount tokens: the identities of the start trust its demo/workload-a, demo/workload-b " +
      "and kube-system/keyless-csi-controller too",
    absent: "only the built-in issuer is trusted",
  }),
  imds: optional(loopback(IMDS_ADDRESS), {
    group: ADDRESSES,
    help: "address of the instance metadata service (plain HTTP), for managed identities",
    absent: "off",
  }),
  state: optional(writableFile, {
    group: BEHAVIOUR,
    help: "file from which the state is read at the start, if it exists, and to which it is written at the end",
  }),
  realistic: setting(toggle, {
    group: BEHAVIOUR,
    help: "with Azure's latencies, propagation times and request limits, and all that follows below",
    fallback: "false",
  }),
  "account-creation-seconds": optional(amount({ max: 3600 }), {
    group: BEHAVIOUR,
    help: "how long the creation of a storage account takes",
    absent: "0, or 22 with --realistic",
  }),
  "propagation-seconds": optional(amount({ max: 86_400 }), {
    group: BEHAVIOUR,
    help: "how long a role assignment, or its removal, takes to become effective",
    absent: "0, or 60 and 300 with --realistic",
  }),
  "call-milliseconds": optional(latency, {
    group: BEHAVIOUR,
    help: "how long every answer takes: always as long, or its median and 99th percentile",
    absent: "0, or 50/500 with --realistic",
  }),
  quiet: setting(toggle, { group: BEHAVIOUR, help: "print nothing", fallback: "false" }),
  ...variantSettings,
};

type Values = ValuesOf<typeof settings>;

function findProblems({ listen = [], reachableAs }: Draft<typeof settings>): readonly SettingProblem[] {
  if (reachableAs !== undefined) return [];
  return listen.flatMap((text) => {
    const problem = findAddressFault(text);
    return problem === undefined ? [] : [{ setting: "listen", source: "--listen", value: text, problem }];
  });
}

export const command = defineCommand({
  settings,
  check: findProblems,
  async run({ values, stdout, signal }) {
    const emulator = await start(values);
    if (!values.quiet) greet(emulator, values, stdout);
    if (!signal.aborted) await once(signal, "abort");
    await emulator.close();
    return EXIT.ok;
  },
});

async function start(values: Values): Promise<Emulator> {
  try {
    return await startEmulator(toOptions(values));
  } catch (error) {
    throw new DriverError("Misconfigured", describeStart(error, values), { cause: error });
  }
}

/** Of a socket that cannot be opened, the setting that names it; else what the emulator says. */
function describeStart(error: unknown, { imds, state }: Values): string {
  const { syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall !== "listen" && syscall !== "getaddrinfo") {
    const message = error instanceof Error ? error.message : String(error);
    const isState = state !== undefined && message.startsWith(`${state} is not`);
    return isState ? `--state ${message}; name what this emulator wrote, or a file that does not exist yet` : message;
  }
  const where = `${address}:${port}`;
  return `--${where === imds ? "imds" : "listen"} ${where}: ${listenFault(error)}`;
}

function toOptions(values: Values): EmulatorOptions {
  const { listen, reachableAs, clusterIssuer, readyFile, issuerCa, imds, state } = values;
  return {
    listen,
    settings: toSettings(values),
    ...(reachableAs === undefined ? {} : { reachableAs }),
    ...(clusterIssuer === undefined ? {} : { clusterIssuer }),
    ...(readyFile === undefined ? {} : { readyFile }),
    ...(imds === undefined ? {} : { imds }),
    ...(state === undefined ? {} : { stateFile: state }),
    ...(issuerCa === undefined ? {} : { issuerCa: readFileSync(issuerCa, "utf8") }),
  };
}

function toSettings(values: Values): Partial<EmulatorSettings> {
  const { realistic, accountCreationSeconds, propagationSeconds, callMilliseconds } = values;
  const propagationMs = propagationSeconds === undefined ? undefined : propagationSeconds * 1000;
  return {
    ...(realistic ? REALISTIC_SETTINGS : {}),
    ...(accountCreationSeconds === undefined ? {} : { accountCreationMs: accountCreationSeconds * 1000 }),
    ...(propagationMs === undefined ? {} : { propagationGrantMs: propagationMs, propagationRemovalMs: propagationMs }),
    ...(callMilliseconds === undefined ? {} : { callLatency: callMilliseconds }),
    ...toVariants(values),
  };
}

function greet({ info }: Emulator, values: Values, stdout: Writable): void {
  const lines = [
    ["Resource Manager", info.armEndpoint],
    ["Entra", `${info.authorityHost}/${info.tenantId}`],
    ["Blob", `${info.blobEndpoint}/<account>`],
    ["ServiceAccount issuer", info.issuer],
    ...(info.imdsEndpoint === undefined ? [] : [["Instance metadata", info.imdsEndpoint]]),
    ["Page", `${info.adminEndpoint}/ (any name, password: adminSecret)`],
    ["Trust", info.caFile],
    ...(values.readyFile === undefined ? [] : [["Ready file", values.readyFile]]),
  ];
  const where =
    values.reachableAs === undefined
      ? "nothing leaves this machine"
      : "for demos only, since others reach it; put nothing into it that matters";
  stdout.write(`The keyless-csi emulator is running. It is not Azure: ${where}.\n`);
  for (const [name = "", value = ""] of lines) stdout.write(`  ${name.padEnd(22)} ${value}\n`);
  if (values.readyFile === undefined) stdout.write("Start it with --ready-file FILE to get ids and secrets.\n");
}
