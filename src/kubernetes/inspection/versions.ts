/** Which Kubernetes this is, and what its nodes run. */
import type { V1Node, VersionInfo } from "@kubernetes/client-node";
import type { Api } from "../api.ts";
import type { OpenList } from "../pages.ts";
import { type Attempt, attempt } from "./attempt.ts";

export interface ClusterVersions {
  readonly kubernetes: Attempt<VersionInfo>;
  /** Kubelet, system, architecture and container runtime -> the number of such nodes. */
  readonly nodes: Attempt<Readonly<Record<string, number>>>;
}

export async function readVersions(api: Api, openList: OpenList): Promise<ClusterVersions> {
  return {
    kubernetes: await attempt(() => api.get<VersionInfo>("/version")),
    nodes: await attempt(async () => {
      const nodes = await openList({ path: "/api/v1/nodes", keep: describe });
      return Object.fromEntries(
        Map.groupBy(nodes, (each) => each)
          .entries()
          .map(([each, all]) => [each, all.length]),
      );
    }),
  };
}

function describe({ status }: V1Node): string {
  const { kubeletVersion, osImage, architecture, containerRuntimeVersion } = status?.nodeInfo ?? {};
  return [kubeletVersion, osImage, architecture, containerRuntimeVersion].join(", ");
}
