// The unmodified OSS blob node plugin with unmodified blobfuse2, from two program files that the caller provides (`npm run
// mount`), since no package registry has them. Both find Azure by its public names, as on a node.
import { mkdir, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { eventually, startProgram } from "../../support/processes.ts";
import { KUBELET_FOLDER, NODE } from "./kubelet.ts";
import type { NodePlugin, NodePluginOptions } from "./node-plugin.ts";
import { registerPlugin } from "./plugin-registration.ts";
import { tokenFile } from "./token-file.ts";

/** Set by scripts/mount.ts: absolute paths. */
export interface OssPrograms {
  readonly blobplugin: string;
  readonly blobfuse2: string;
}

/** The programs given to this run; undefined when the tests' own node plugin is to mount. */
export function givenPrograms(env = process.env): OssPrograms | undefined {
  const { KEYLESS_CSI_BLOBPLUGIN: blobplugin, KEYLESS_CSI_BLOBFUSE2: blobfuse2 } = env;
  return blobplugin === undefined || blobfuse2 === undefined ? undefined : { blobplugin, blobfuse2 };
}

/** Without a cloud configuration, as on a cluster that is not AKS: mounting with a token needs none. */
export async function startOssNodePlugin(
  { blobplugin, blobfuse2 }: OssPrograms,
  { driverName, caFile, folder, kubeconfig }: NodePluginOptions & { readonly kubeconfig: string },
): Promise<NodePlugin> {
  const socket = join(KUBELET_FOLDER, "plugins", driverName, "csi.sock");
  const programs = join(folder, "programs");
  for (const each of [dirname(socket), dirname(tokenFile("", "")), programs]) await mkdir(each, { recursive: true });
  await symlink(blobfuse2, join(programs, "blobfuse2")); // the plugin looks it up by this name
  const flags = [
    `--drivername=${driverName}`,
    `--endpoint=unix://${socket}`,
    `--nodeid=${NODE}`,
    `--kubeconfig=${kubeconfig}`,
    "--enable-blobfuse-proxy=false",
    "--v=5",
  ];
  const plugin = await startProgram(blobplugin, flags, {
    name: "blobplugin",
    logFolder: folder,
    env: { PATH: `${programs}:${process.env["PATH"]}`, HOME: folder, SSL_CERT_FILE: caFile },
  });
  await eventually(plugin, () => stat(socket));
  const registration = await registerPlugin(driverName, socket);
  return {
    tokenFile,
    program: plugin,
    async stop() {
      registration.close();
      await plugin.stop();
    },
  };
}
