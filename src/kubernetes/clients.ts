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
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const baseServer = new ServerConfiguration(config.getCurrentCluster()?.server ?? "", {});
  const configuration = createConfiguration({
    baseServer,
    authMethods: { default: config },
    promiseMiddleware: [LIMITED],
  });
  return { config, baseServer, configuration };
}

const LIMITED = {
  async pre(request) {
    request.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
    request.setHeaderParam("User-Agent", "keyless-csi");
    return request;
  },
  post: async (response) => response,
} satisfies Middleware;
