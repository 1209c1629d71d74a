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

export interface Clients {
  readonly core: CoreV1Api;
  readonly storage: StorageV1Api;
  readonly wellKnown: WellKnownApi;
}

/** One object, or one page of a list: normally well under a second. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Without a kubeconfig file, those of the cluster that this process runs in. */
export function createClients(kubeconfig: string | undefined): Clients {
  const { configuration } = connect(kubeconfig);
  return {
    core: new CoreV1Api(configuration),
    storage: new StorageV1Api(configuration),
    wellKnown: new WellKnownApi(configuration),
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
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(config.getCurrentCluster()?.server ?? "", {}),
    authMethods: { default: config },
    promiseMiddleware: [LIMITED],
  });
  return { config, configuration };
}

const LIMITED: Middleware = {
  async pre(request) {
    request.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
    request.setHeaderParam("User-Agent", "keyless-csi");
    return request;
  },
  post: async (response) => response,
};
