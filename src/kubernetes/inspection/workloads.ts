/** Deployments and DaemonSets, as far as they say what runs. */
import type { V1DaemonSetList, V1DeploymentList, V1PodTemplateSpec } from "@kubernetes/client-node";
import type { Workload } from "../../doctor/ports.ts";
import { apiPath } from "../api.ts";
import { ask, type Reads } from "./ask.ts";

export async function listDeployments(api: Reads, namespace: string): Promise<Workload[]> {
  const path = apiPath`/apis/apps/v1/namespaces/${namespace}/deployments`;
  const { items } = await ask(`the Deployments of namespace ${namespace}`, () => api.get<V1DeploymentList>(path));
  return items.map(({ metadata, spec, status }) => ({
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? {},
    wanted: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    ...podOf(spec?.template),
  }));
}

export async function listDaemonSets(api: Reads, namespace: string): Promise<Workload[]> {
  const path = apiPath`/apis/apps/v1/namespaces/${namespace}/daemonsets`;
  const { items } = await ask(`the DaemonSets of namespace ${namespace}`, () => api.get<V1DaemonSetList>(path));
  return items.map(({ metadata, spec, status }) => ({
    name: metadata?.name ?? "",
    labels: metadata?.labels ?? {},
    wanted: status?.desiredNumberScheduled ?? 0,
    ready: status?.numberReady ?? 0,
    ...podOf(spec?.template),
  }));
}

function podOf(template: V1PodTemplateSpec | undefined): Pick<Workload, "serviceAccount" | "containers"> {
  const containers = template?.spec?.containers ?? [];
  return {
    serviceAccount: template?.spec?.serviceAccountName ?? "default",
    containers: containers.map(({ name, image = "", args = [], command = [] }) => ({
      name,
      image,
      args: [...command, ...args],
    })),
  };
}
