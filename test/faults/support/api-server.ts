// The part of a Kubernetes API server that the service reads in a create or delete: single objects, over plain HTTP on
// loopback. test/cluster uses a real one; this one starts instantly and can lose a claim at a chosen moment.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { manifestOf, readManifests } from "../../support/deployment.ts";
import { CLUSTER_UID } from "../../support/fake-cluster.ts";
import { writeKubeconfig } from "../../support/kubeconfig.ts";

export interface ApiServer {
  readonly kubeconfig: string;
  /** `namespace/name` -> UID, and the annotation `keyless-csi/service-account`. */
  readonly claims: Map<string, { readonly uid: string; readonly serviceAccount?: string }>;
  /** `namespace/name` -> client id of its annotation. */
  readonly serviceAccounts: Map<string, string>;
  /** name -> UID. */
  readonly namespaces: Map<string, string>;
  stop(): Promise<void>;
}

type Found = object | undefined;

/** The kubeconfig is written into `folder`. */
export async function startApiServer(folder: string): Promise<ApiServer> {
  const claims: ApiServer["claims"] = new Map();
  const serviceAccounts: ApiServer["serviceAccounts"] = new Map();
  const namespaces: ApiServer["namespaces"] = new Map([["kube-system", CLUSTER_UID]]);
  const csiDriver = manifestOf(await readManifests(), "CSIDriver");
  const routes: readonly (readonly [RegExp, (...parts: string[]) => Found])[] = [
    [
      /^\/api\/v1\/namespaces\/([^/]+)\/persistentvolumeclaims\/([^/]+)$/,
      (namespace = "", name = "") => {
        const claim = claims.get(`${namespace}/${name}`);
        const annotations = { "keyless-csi/service-account": claim?.serviceAccount };
        return (
          claim && {
            kind: "PersistentVolumeClaim",
            metadata: { name, namespace, uid: claim.uid, annotations },
            spec: {},
          }
        );
      },
    ],
    [
      /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)$/,
      (namespace = "", name = "") => {
        const clientId = serviceAccounts.get(`${namespace}/${name}`);
        const annotations = { "azure.workload.identity/client-id": clientId };
        return clientId === undefined
          ? undefined
          : { kind: "ServiceAccount", metadata: { name, namespace, annotations } };
      },
    ],
    [/^\/api\/v1\/persistentvolumes$/, () => ({ kind: "PersistentVolumeList", metadata: {}, items: [] })],
    [/^\/apis\/storage\.k8s\.io\/v1\/csidrivers\/([^/]+)$/, (name = "") => ({ ...csiDriver, metadata: { name } })],
    [
      /^\/api\/v1\/namespaces\/([^/]+)$/,
      (name = "") => {
        const uid = namespaces.get(name);
        return uid === undefined ? undefined : { kind: "Namespace", metadata: { name, uid } };
      },
    ],
  ];
  const find = (path: string): Found => {
    for (const [pattern, answer] of routes) {
      const match = pattern.exec(path);
      if (match) return answer(...match.slice(1));
    }
    return undefined;
  };
  const server = createServer((request, response) => {
    const found = find((request.url ?? "").split("?", 1)[0] ?? "");
    const absent = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 };
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found ? { apiVersion: "v1", ...found } : absent));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = await writeKubeconfig(join(folder, "kubeconfig.json"), { server: `http://127.0.0.1:${port}` });
  return {
    kubeconfig,
    claims,
    serviceAccounts,
    namespaces,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
