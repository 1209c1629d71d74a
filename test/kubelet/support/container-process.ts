// A container without an image: a root folder with the machine's own programs, read-only, and the volumes that the kubelet
// names, and in it a process that runs as the pod's user and groups.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { mountsBelow } from "./mounts.ts";

const run = promisify(execFile);

export interface BoundFolder {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

export interface ContainerSpec {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly BoundFolder[];
  readonly user: number;
  readonly group: number;
  /** Supplementary groups, to which the kubelet adds the pod's fsGroup. */
  readonly groups: readonly number[];
  /** In the format that the kubelet reads: time, stream, `F`, text. */
  readonly logFile: string;
}

/** How a command in a container ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ContainerProcess {
  readonly startedAt: bigint;
  /** Resolves with its exit code once it has ended and its volumes are unmounted. */
  readonly ended: Promise<number>;
  /** Runs another command as the same user with the same volumes. */
  exec(command: readonly string[]): Promise<Outcome>;
  stop(graceSeconds: number): Promise<void>;
}

/** Rejects when a volume cannot be bound. */
export async function startContainer(spec: ContainerSpec): Promise<ContainerProcess> {
  const root = join(spec.folder, "root");
  const bound: string[] = [];
  try {
    await buildRoot(root, spec.mounts, bound);
  } catch (error) {
    await unbind(bound);
    throw error;
  }
  const child = spawn("chroot", enter(spec, root, spec.command), {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own, so that a stop also reaches its children
  });
  writeLog(child, spec.logFile);
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => {
      const exitCode = code ?? (signal === "SIGKILL" ? 137 : 143);
      void unbind(bound).finally(() => resolve(exitCode));
    });
  });
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) process.kill(-child.pid, name);
  };
  return {
    startedAt: BigInt(Date.now()) * 1_000_000n,
    ended,
    exec: (command) => runToEnd(enter(spec, root, command)),
    async stop(graceSeconds) {
      signal("SIGTERM");
      const force = setTimeout(() => signal("SIGKILL"), graceSeconds * 1000);
      await ended;
      clearTimeout(force);
      await removeUnbound(spec.folder);
    },
  };
}

function enter({ user, group, groups, env }: ContainerSpec, root: string, command: readonly string[]): string[] {
  const variables = Object.entries({ PATH: "/usr/bin:/bin:/usr/sbin:/sbin", ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const identity = [`--userspec=${user}:${group}`, `--groups=${groups.join(",")}`];
  return [...identity, root, "/usr/bin/env", "-i", ...variables, ...command];
}

/** Adds each mount to `bound`, last first, also when it fails half-way. */
async function buildRoot(root: string, mounts: readonly BoundFolder[], bound: string[]): Promise<void> {
  for (const name of ["usr", "tmp", "dev", "etc", "proc"]) await mkdir(join(root, name), { recursive: true });
  for (const name of ["bin", "lib", "lib64", "sbin"]) await symlink(`usr/${name}`, join(root, name));
  await run("mknod", ["-m", "666", join(root, "dev", "null"), "c", "1", "3"]);
  await run("chmod", ["1777", join(root, "tmp")]);
  const programs = { hostPath: "/usr", containerPath: "/usr", isReadOnly: true };
  const inOrder = [...mounts].sort((a, b) => a.containerPath.length - b.containerPath.length);
  for (const { hostPath, containerPath, isReadOnly } of [programs, ...inOrder]) {
    const target = join(root, containerPath);
    await makeLike(hostPath, target);
    await run("mount", ["--bind", hostPath, target]);
    bound.unshift(target);
    if (isReadOnly) await run("mount", ["-o", "remount,bind,ro", target]);
  }
}

/** Never deletes through a mount: a folder with a mount below it stays, inside a temporary folder. */
export async function removeUnbound(folder: string): Promise<void> {
  if ((await mountsBelow(folder)).length === 0) await rm(folder, { recursive: true, force: true });
}

async function makeLike(source: string, target: string): Promise<void> {
  if ((await stat(source)).isDirectory()) return void (await mkdir(target, { recursive: true }));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, "", { flag: "a" });
}

async function unbind(targets: readonly string[]): Promise<void> {
  // Lazily where it is still in use: a killed process may have had a file open on a mount that no longer answers.
  for (const target of targets) await run("umount", [target]).catch(() => run("umount", ["--lazy", target]));
}

function writeLog(child: ChildProcess, logFile: string): void {
  const log = createWriteStream(logFile, { flags: "a" });
  const note = (name: string, stream: Readable | null) => {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) =>
      log.write(`${new Date().toISOString()} ${name} F ${line}\n`),
    );
  };
  note("stdout", child.stdout);
  note("stderr", child.stderr);
  child.once("close", () => log.end());
}

function runToEnd(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile("chroot", args, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}
