// A network and a mount namespace for a test: programs in it have only a loopback interface and the names that the test
// defines. No program can dial out of the machine from it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileWrittenBy, type Program, startProgram } from "./processes.ts";

export interface NamespaceOptions {
  /** Names that resolve to 127.0.0.1 in it, beside localhost. */
  readonly names: readonly string[];
  /** IPv4 addresses of its loopback interface, beside 127.0.0.1. */
  readonly addresses?: readonly string[];
}

export interface Namespace {
  /**
   * The command that runs a program in it, under the process id that it is started with. The working directory may become `/`,
   * so paths must be absolute.
   */
  enter(path: string, args?: readonly string[]): readonly [path: string, args: readonly string[]];
  /** Removes it; programs in it must have ended. */
  close(): Promise<void>;
}

const loopbackScript = join(dirname(fileURLToPath(import.meta.url)), "loopback.py");
/** $1 hosts file, $2 file to write when all is ready, $3 script for the interface, then addresses. */
const SET_UP = `hosts=$1 done=$2 script=$3; shift 3
mount --bind "$hosts" /etc/hosts && python3 "$script" "$@" && echo up > "$done" && exec sleep infinity`;

/** Creates the namespaces; needs root, or a kernel that lets users create them. Rejects with the system's error. */
export async function createNamespace({ names, addresses = [] }: NamespaceOptions): Promise<Namespace> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-namespace-"));
  const isRoot = process.getuid?.() === 0;
  const [hosts, up] = [join(folder, "hosts"), join(folder, "up")];
  await writeFile(hosts, ["localhost", ...names].map((name) => `127.0.0.1 ${name}\n`).join(""));
  const kinds = [...(isRoot ? [] : ["--user", "--map-root-user"]), "--net", "--mount"];
  const command = [...kinds, "sh", "-c", SET_UP, "sh", hosts, up, loopbackScript, ...addresses];
  let holder: Program | undefined;
  const close = async () => {
    await holder?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    holder = await startProgram("unshare", command, { name: "namespace", logFolder: folder });
    await fileWrittenBy(holder, up);
  } catch (error) {
    await close();
    throw new Error("cannot make a network namespace (root and util-linux are needed)", { cause: error });
  }
  const target = ["--target", String(holder.id), ...(isRoot ? [] : ["--user", "--preserve-credentials"])];
  return { enter: (path, args = []) => ["nsenter", [...target, "--net", "--mount", path, ...args]], close };
}
