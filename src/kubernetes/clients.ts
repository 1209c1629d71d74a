/** The cluster that a kubeconfig names, or that this process runs in. */
import { KubeConfig } from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";
import { fileFault } from "../text/file-faults.ts";
import { type Api, createApi } from "./api.ts";

export interface Connection {
  readonly api: Api;
  /** The namespace that this process works in: its pod's, or that of the kubeconfig's context. */
  readonly namespace: string;
}

/** Without a kubeconfig file, that of the cluster that this process runs in. Connects at the first request. */
export function connect(kubeconfig: string | undefined): Connection {
  const config = new KubeConfig();
  const { server } = load(config, kubeconfig);
  const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {};
  // As kubectl does. The pod's own file may end with a line break.
  return { api: createApi(config, server, () => performance.now()), namespace: namespace?.trim() || "default" };
}

/** The cluster to use. Throws Misconfigured with the setting when the file is none, or names no cluster. */
function load(config: KubeConfig, kubeconfig: string | undefined): { readonly server: string } {
  if (kubeconfig === undefined) {
    config.loadFromCluster();
    const { server } = config.getCurrentCluster() ?? {};
    if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined && server) return { server };
    throw new DriverError(
      "Misconfigured",
      "--kubernetes=on without --kubeconfig needs a pod with a ServiceAccount, and this process runs in none; give " +
        "--kubeconfig, or --kubernetes=off",
    );
  }
  try {
    config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new DriverError("Misconfigured", `--kubeconfig ${kubeconfig} ${describeFault(error)}`, { cause: error });
  }
  const { server } = config.getCurrentCluster() ?? {};
  if (server) return { server };
  throw new DriverError(
    "Misconfigured",
    `--kubeconfig ${kubeconfig} has no cluster for its current-context ${JSON.stringify(config.getCurrentContext() ?? "")}; ` +
      "choose one with `kubectl config use-context`",
  );
}

function describeFault(error: unknown): string {
  if (typeof (error as NodeJS.ErrnoException).code === "string") {
    const { wrong, fix } = fileFault(error);
    return `${wrong}; ${fix}`;
  }
  return "is not a kubeconfig; name a file that `kubectl --kubeconfig` accepts";
}
