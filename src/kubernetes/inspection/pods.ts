/** What a pod has to read besides its object: the logs of its containers, now and before their last restart, and its ports. */
import type { V1Pod } from "@kubernetes/client-node";
import type { KubernetesObject } from "./objects.ts";

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** One log. */
export interface ContainerLog extends PodName {
  readonly container: string;
  /** Of the run that ended last. */
  readonly isPrevious: boolean;
}

/** Of each container the present run, and the one before if there was one. */
export function logsOf(pod: KubernetesObject): readonly ContainerLog[] {
  const { spec, status } = pod as unknown as V1Pod;
  const restarted = new Set(
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
      .filter(({ restartCount }) => restartCount > 0)
      .map(({ name }) => name),
  );
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(({ name }) => {
    const log = { ...nameOf(pod), container: name };
    return [{ ...log, isPrevious: false }, ...(restarted.has(name) ? [{ ...log, isPrevious: true }] : [])];
  });
}

/** Names of the ports that serve metrics: `http` is the controller's, the others are the sidecars'. */
const METRICS_PORTS = ["http", "provisioner", "resizer"];

/** One endpoint of a pod. */
export interface PodPort extends PodName {
  readonly portName: string;
  readonly port: number;
}

export function metricsPortsOf(pod: KubernetesObject): readonly PodPort[] {
  const { spec } = pod as unknown as V1Pod;
  return (spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports
      .filter(({ name = "" }) => METRICS_PORTS.includes(name))
      .map(({ name = "", containerPort }) => ({ ...nameOf(pod), portName: name, port: containerPort })),
  );
}

/** Not ready, or restarted: what a report is about. */
export function isTroubled(pod: KubernetesObject): boolean {
  const { containerStatuses = [], conditions = [] } = (pod as unknown as V1Pod).status ?? {};
  const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  return !isReady || containerStatuses.some(({ restartCount }) => restartCount > 0);
}

function nameOf({ metadata }: KubernetesObject): PodName {
  return { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
}
