/** What `keyless-csi doctor` asks of the cluster, besides what a volume does. Reads only. */
import type { V1CSINodeList, V1StorageClassList, VersionInfo } from "@kubernetes/client-node";
import type { ClusterInspection } from "../../doctor/ports.ts";
import { connect } from "../clients.ts";
import { mayDo, readUserName, userNameOf } from "./access-reviews.ts";
import { listMutatingPolicies, listValidatingPolicies } from "./admission.ts";
import { ask, type Reads } from "./ask.ts";
import { findInspectedClaim, listInspectedPods, readDriverOf } from "./claims.ts";
import { listDaemonSets, listDeployments } from "./workloads.ts";

/** `namespace`: where the controller runs; absent: the one that this process works in. */
export function createClusterInspection(kubeconfig: string | undefined, namespace?: string): ClusterInspection {
  const connection = connect(kubeconfig);
  return inspectionBy(connection.api, namespace ?? connection.namespace);
}

/** The same by a connection that there is. */
export function inspectionBy(api: Reads, namespace: string): ClusterInspection {
  let userName: Promise<string> | undefined;
  return {
    namespace,
    readVersion: async () => (await ask("the version", () => api.get<VersionInfo>("/version"))).gitVersion,
    listDeployments: (where) => listDeployments(api, where),
    listDaemonSets: (where) => listDaemonSets(api, where),
    listValidatingPolicies: () => listValidatingPolicies(api),
    listMutatingPolicies: () => listMutatingPolicies(api),
    async listNodes() {
      const path = "/apis/storage.k8s.io/v1/csinodes";
      const { items } = await ask("the CSINode objects", () => api.get<V1CSINodeList>(path));
      return items.map(({ metadata, spec }) => ({
        name: metadata?.name ?? "",
        drivers: (spec?.drivers ?? []).map(({ name }) => name),
      }));
    },
    async listClasses() {
      const path = "/apis/storage.k8s.io/v1/storageclasses";
      const { items } = await ask("the StorageClasses", () => api.get<V1StorageClassList>(path));
      return items.map((each) => ({
        name: each.metadata?.name ?? "",
        provisioner: each.provisioner,
        parameters: each.parameters ?? {},
        mountOptions: each.mountOptions ?? [],
        isBoundLate: each.volumeBindingMode === "WaitForFirstConsumer",
        isExpandable: each.allowVolumeExpansion === true,
      }));
    },
    findClaim: (ref) => findInspectedClaim(api, ref),
    listPodsUsing: (claim) => listInspectedPods(api, claim),
    readDriverOf: (volume) => readDriverOf(api, volume),
    async mayDo(account, right) {
      userName ??= readUserName(api);
      return await mayDo(api, { account, isSelf: (await userName) === userNameOf(account) }, right);
    },
  };
}
