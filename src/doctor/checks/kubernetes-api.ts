/** Whether there is a cluster to ask. */
import { type Check, error, ok, unchecked } from "../check.ts";

export const kubernetesApi: Check = {
  id: "kubernetes-api",
  category: "cluster",
  title: "the API server answers",
  why: "Claims, ServiceAccounts, CSIDriver objects and PersistentVolumes are read from it before anything is created.",
  async run({ clusterProblem, ports, settings }) {
    if (clusterProblem !== undefined)
      return error(clusterProblem.message, "correct --kubeconfig, or run it in the controller's pod");
    if (!ports.cluster.isConnected)
      return unchecked("no cluster is configured", "name one with --kubeconfig or $KUBECONFIG");
    return ok(`cluster ${settings.clusterId}, namespace kube-system has UID ${settings.clusterUid}`);
  },
};
