// Runs a command in network, mount and process namespaces of its own: it has only a loopback interface and the name server on
// it, and its mounts and processes end with it. For suites with a kubelet, which mounts, and with programs that know Azure only
// by its public names.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const loopbackScript = join(dirname(fileURLToPath(import.meta.url)), "loopback.py");

/**
 * Folders with fixed names on a node: the kubelet's own, which the OSS blob node plugin has in its source, and the one in
 * which that plugin keeps blobfuse2's file caches.
 */
const NODE_FOLDERS = ["/var/lib/kubelet", "/mnt"];

/** A second address of the loopback interface: a kubelet refuses a loopback address as its node's (RFC 5737: never routed). */
export const NODE_ADDRESS = "192.0.2.1";

/**
 * $1 a private folder, $2 the script for the interface, $3... the command. Node folders and resolver files come from the private
 * folder, and so do the kernel settings that a kubelet writes at start-up, since they have no namespace. The shell stays
 * process 1 and reaps orphaned processes.
 */
const SET_UP = `own=$1 script=$2; shift 2
set -e
mount --bind "$own/hosts" /etc/hosts
mount --bind "$own/resolv.conf" /etc/resolv.conf
for folder in ${NODE_FOLDERS.join(" ")}; do
  mkdir "$own/$(basename $folder)"
  mount --bind "$own/$(basename $folder)" $folder
done
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy="$own/$(echo $setting | tr / -)"
  [ -e /proc/sys/$setting ] && cat /proc/sys/$setting > "$copy" && mount --bind "$copy" /proc/sys/$setting
done
python3 "$script" ${NODE_ADDRESS}
set +e
"$@"
status=$?
exit $status`;

/**
 * Runs the command in this process' terminal and answers its exit code. Rejects when namespaces cannot be created. What the
 * command wrote to its temporary folder (TMPDIR) is kept when it fails.
 */
export async function runIsolated(
  command: readonly [path: string, ...args: string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  if (process.getuid?.() !== 0) {
    throw new Error("this suite mounts file systems in namespaces of its own: run it as root on Linux");
  }
  // A mount needs an existing folder. It stays: another run may be using it as a mount point.
  for (const folder of NODE_FOLDERS) await mkdir(folder, { recursive: true });
  const own = await mkdtemp(join(tmpdir(), "kc-")); // short: sockets lie below it
  await writeFile(join(own, "hosts"), "127.0.0.1 localhost\n");
  await writeFile(join(own, "resolv.conf"), "nameserver 127.0.0.1\noptions timeout:2\n");
  // Slave: what the machine unmounts meanwhile is unmounted here too, and mounts made here are invisible outside.
  const kinds = ["--net", "--mount", "--propagation", "slave", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const isolated = ["unshare", ...kinds, "sh", "-c", SET_UP, "sh", own, loopbackScript, ...command];
  // If this process is killed, the namespaces end, and with them everything that runs in them.
  const args = ["--pdeathsig", "KILL", ...isolated];
  const ended = await runToEnd(args, { ...process.env, TMPDIR: own, ...env });
  if (ended.status === 0 || ended.isInterrupted) await rm(own, { recursive: true, force: true });
  return ended.status;
}

/** A signal ends the command; this process stays to clean up after it. */
async function runToEnd(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn("setpriv", args, { stdio: "inherit", env });
  let isInterrupted = false;
  const end = () => {
    isInterrupted = true;
    child.kill("SIGKILL"); // process 1 of the namespace ends with it, and so does everything in it
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 1));
    });
    return { status, isInterrupted };
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}
