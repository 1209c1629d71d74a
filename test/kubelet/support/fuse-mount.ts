// A container of Azure Blob storage mounted as a folder by rclone, a FUSE client that finds Azure by its public names and
// exchanges a ServiceAccount token at Entra by itself. blobfuse2 is in no package registry.
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
  /** PEM file of the CA that signs for Azure's names here. */
  readonly caFile: string;
  /** For this mount alone: rclone's caches must not be shared. */
  readonly cacheFolder: string;
  readonly logFile: string;
}

/** The effect of a class's mount options. */
export interface FuseOptions {
  /** Without it only the user who mounts (root) has access. */
  readonly allowsOthers: boolean;
  readonly isReadOnly: boolean;
  readonly gid?: string;
}

/** Resolves once the folder is mounted and readable. Rejects with Azure's answer, although rclone would mount all the same. */
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
    "mount",
    remote,
    folder,
    "--config=",
    "--daemon",
    "--daemon-wait=30s",
    `--cache-dir=${target.cacheFolder}`,
    `--log-file=${target.logFile}`,
    // No write-back delay and no directory cache: a closed file is in storage, and other mounts see it at once.
    "--vfs-cache-mode=writes",
    "--vfs-write-back=0s",
    "--dir-cache-time=0s",
    "--attr-timeout=0s",
    "--poll-interval=0",
    "--umask=0",
    "--dir-perms=0777",
    "--file-perms=0777",
    ...(options.allowsOthers ? ["--allow-other"] : []),
    ...(options.isReadOnly ? ["--read-only"] : []),
    ...(options.gid === undefined ? [] : [`--gid=${options.gid}`]),
  ];
  // The daemon keeps inherited file descriptors open, so it gets none; its parent exits once the folder is mounted.
  const parent = spawn(rclone, args, { env, stdio: "ignore" });
  const code = await new Promise((resolve, reject) => parent.once("exit", resolve).once("error", reject));
  if (code !== 0) throw new Error(`rclone mount: exit code ${code}: ${await readFile(target.logFile, "utf8")}`);
}

/** Unmounts and removes the folder, also when nothing is mounted there. */
export async function unmount(folder: string): Promise<void> {
  if (await isMounted(folder)) await run("umount", [folder]);
  await rm(folder, { recursive: true, force: true });
}
