// A container of Azure Blob storage as a folder, by a FUSE client that knows Azure by its public names alone: rclone, with
// a ServiceAccount token that it exchanges at Entra by itself. blobfuse2 cannot be had from a package registry.
import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { toolPath } from "../../support/tools.ts";
import { isMounted } from "./mounts.ts";

const run = promisify(execFile);

export interface FuseTarget {
  readonly account: string;
  readonly container: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly tokenFile: string;
  /** PEM file of the authority that signs for Azure's names here. */
  readonly caFile: string;
  /** Of this mount alone; rclone's caches must not be shared. */
  readonly cacheFolder: string;
  readonly logFile: string;
}

/** What a class's mount options amount to. */
export interface FuseOptions {
  /** Without it only the user who mounts (root) may enter. */
  readonly allowsOthers: boolean;
  readonly isReadOnly: boolean;
  readonly gid?: string;
}

/** Mounted and readable when it resolves. Rejects with what Azure answers: a FUSE mount alone comes up all the same. */
export async function mountFuse(folder: string, target: FuseTarget, options: FuseOptions): Promise<void> {
  const rclone = await toolPath("rclone");
  const env = {
    ...process.env,
    AZURE_CLIENT_ID: target.clientId,
    AZURE_TENANT_ID: target.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: target.tokenFile,
    AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
    SSL_CERT_FILE: target.caFile,
  };
  const remote = `:azureblob,env_auth,account=${target.account}:${target.container}`;
  const once = ["--config=", "--retries=1", "--low-level-retries=1"];
  // As blobfuse2 does before it mounts (--pre-mount-validate).
  await run(rclone, ["lsf", remote, "--max-depth=1", ...once], { env }).catch(({ stderr }: { stderr: string }) => {
    throw new Error(`cannot list container ${target.container}: ${stderr}`);
  });
  await mkdir(target.cacheFolder, { recursive: true });
  const args = [
    ...["mount", remote, folder, "--config=", "--daemon", "--daemon-wait=30s"],
    ...[`--cache-dir=${target.cacheFolder}`, `--log-file=${target.logFile}`],
    // Nothing is held back and nothing is remembered, so that a closed file is in storage and others see it at once.
    ...[
      "--vfs-cache-mode=writes",
      "--vfs-write-back=0s",
      "--dir-cache-time=0s",
      "--attr-timeout=0s",
      "--poll-interval=0",
    ],
    ...["--umask=0", "--dir-perms=0777", "--file-perms=0777"],
    ...(options.allowsOthers ? ["--allow-other"] : []),
    ...(options.isReadOnly ? ["--read-only"] : []),
    ...(options.gid === undefined ? [] : [`--gid=${options.gid}`]),
  ];
  // The daemon keeps what it inherits, so it inherits nothing; its parent ends when the folder is mounted.
  const parent = spawn(rclone, args, { env, stdio: "ignore" });
  const code = await new Promise((resolve, reject) => parent.once("exit", resolve).once("error", reject));
  if (code !== 0) throw new Error(`rclone mount: exit code ${code}: ${await readFile(target.logFile, "utf8")}`);
}

/** Also when nothing is mounted there. The folder is gone afterwards. */
export async function unmount(folder: string): Promise<void> {
  if (await isMounted(folder)) await run("umount", [folder]);
  await rm(folder, { recursive: true, force: true });
}
