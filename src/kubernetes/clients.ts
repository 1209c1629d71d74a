/** Clients of the API server with a timeout: a dead connection must not block a volume for minutes. */
import {
  CoordinationV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  type Middleware,
  ServerConfiguration,
  StorageV1Api,
  WellKnownApi,
} from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";
import { fileFault } from "../text/file-faults.ts";
import { createListOpener, type OpenList } from "./pages.ts";

export interface Clients {
  readonly core: CoreV1Api;
  readonly storage: StorageV1Api;
  readonly wellKnown: WellKnownApi;
  /** Lists that may be long: the client's own hold each page whole, as instances of its classes. */
  readonly openList: OpenList;
}

/** One object, or one page of a list: normally well under a second. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Without a kubeconfig file, those of the cluster that this process runs in. */
export function createClients(kubeconfig: string | undefined): Clients {
  const { config, baseServer, configuration } = connect(kubeconfig);
  return {
    core: new CoreV1Api(configuration),
    storage: new StorageV1Api(configuration),
    wellKnown: new WellKnownApi(configuration),
    openList: createListOpener({
      baseServer,
      http: configuration.httpApi,
      authenticate: (request) => config.applySecurityAuthentication(request),
      limit: LIMITED.pre,
    }),
  };
}

/** The API of Leases, and the namespace that this process works in: its pod's, or that of the kubeconfig's context. */
export function connectLeases(kubeconfig: string | undefined): {
  readonly coordination: CoordinationV1Api;
  readonly namespace: string;
} {
  const { config, configuration } = connect(kubeconfig);
  const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {};
  // As kubectl does. The pod's own file may end with a line break.
  return { coordination: new CoordinationV1Api(configuration), namespace: namespace?.trim() || "default" };
}

function connect(kubeconfig: string | undefined) {
  const config = new KubeConfig();
  const { server } = load(config, kubeconfig);
  const baseServer = new ServerConfiguration(server, {});
  const configuration = createConfiguration({
    baseServer,
    authMethods: { default: config },
    promiseMiddleware: [LIMITED],
  });
  return { config, baseServer, configuration };
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

const LIMITED = {
  async pre(request) {
    request.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
    request.setHeaderParam("User-Agent", "keyless-csi");
    return request;
  },
  post: async (response) => response,
} satisfies Middleware;
