/** The configuration file that a controller's Deployment mounts. */
import type { V1ConfigMap, V1Deployment } from "@kubernetes/client-node";
import { type Api, apiPath } from "../api.ts";
import { type Attempt, attempt } from "./attempt.ts";
import type { KubernetesObject } from "./objects.ts";

/** One ConfigMap. */
export interface MountedFile {
  /** `namespace/name` of the ConfigMap. */
  readonly of: string;
  /** The content of its `config.yaml`; undefined: it has none. */
  readonly text: Attempt<string | undefined>;
}

/** The key under which deploy/manifests and the chart keep the file. */
export const FILE = "config.yaml";

/** Of every ConfigMap that the Deployment's pods mount. */
export async function readMountedFiles(api: Api, deployment: KubernetesObject): Promise<readonly MountedFile[]> {
  const { metadata, spec } = deployment as unknown as V1Deployment;
  const namespace = metadata?.namespace ?? "";
  const names = (spec?.template.spec?.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
  const reads = names.map(async (name) => ({
    of: `${namespace}/${name}`,
    text: await attempt(async () => {
      const found = await api.get<V1ConfigMap>(apiPath`/api/v1/namespaces/${namespace}/configmaps/${name}`);
      return found.data?.[FILE];
    }),
  }));
  return await Promise.all(reads);
}
