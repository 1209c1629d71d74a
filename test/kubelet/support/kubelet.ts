// A real kubelet on the tests' own container runtime: it registers a node, takes the pods that are scheduled onto it, has the
// node plugin mount their volumes, and runs their containers.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlane } from "../../support/control-plane.ts";
import { NODE_ADDRESS } from "../../support/isolation.ts";
import { eventually, type Program } from "../../support/processes.ts";

/** The kubelet's default, which the source of the OSS blob node plugin also contains. */
export const KUBELET_FOLDER = "/var/lib/kubelet";
export const NODE = "node-1";

/** Resolves when the node is Ready. The kubelet is stopped with the control plane. */
export async function startKubelet(plane: ControlPlane, runtimeSocket: string): Promise<Program> {
  const folder = join(plane.folder, "kubelet");
  for (const name of ["", "manifests", "plugins"]) await mkdir(join(folder, name), { recursive: true });
  const config = join(folder, "config.json"); // JSON is YAML
  await writeFile(config, JSON.stringify(configuration(folder, runtimeSocket)));
  const program = await plane.start("kubelet", [
    `--config=${config}`,
    `--kubeconfig=${plane.kubeconfig}`,
    `--root-dir=${KUBELET_FOLDER}`,
    `--hostname-override=${NODE}`,
    `--cert-dir=${folder}`,
    `--node-ip=${NODE_ADDRESS}`,
  ]);
  await eventually(program, () => plane.kubectl(["wait", "--for=condition=Ready", `node/${NODE}`, "--timeout=1s"]));
  return program;
}

/** Without cgroups, evictions and servers: these tests are about volumes only. */
function configuration(folder: string, runtimeSocket: string): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${runtimeSocket}`,
    volumePluginDir: join(folder, "plugins"),
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: {} },
    authorization: { mode: "AlwaysAllow" },
    address: "127.0.0.1",
    healthzPort: 0,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
    makeIPTablesUtilChains: false,
    // How often each pod is synchronised, and with it how often its volumes are published again.
    syncFrequency: "2s",
    nodeStatusUpdateFrequency: "2s",
    shutdownGracePeriod: "0s",
  };
}
