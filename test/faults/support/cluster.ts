// The cluster of the crash tests: an API server with one namespace, its two ServiceAccounts and one claim, and the
// flags that connect a service to it.
import { type ApiServer, startApiServer } from "./api-server.ts";
import type { Cloud } from "./cloud.ts";
import { CLAIM, claimUid, NAMESPACE } from "./modes.ts";

export interface TestCluster extends ApiServer {
  readonly flags: readonly string[];
  /** Creates the claim of volume `number`, for the first ServiceAccount unless another is named. */
  claim(number: number, serviceAccount?: string): void;
  /** Deletes the claim. */
  unclaim(): void;
}

export async function startCluster(cloud: Cloud): Promise<TestCluster> {
  const api = await startApiServer(cloud.folder);
  const { identities, issuer } = cloud.emulator.info;
  api.namespaces.set(NAMESPACE, "11111111-0000-4000-8000-000000000000");
  for (const { name, clientId } of identities) api.serviceAccounts.set(`${NAMESPACE}/${name}`, clientId);
  const first = identities[0]?.name ?? "";
  return {
    ...api,
    flags: ["--kubernetes", "on", "--kubeconfig", api.kubeconfig, "--oidc-issuer", issuer],
    claim: (number, serviceAccount = first) =>
      void api.claims.set(`${NAMESPACE}/${CLAIM}`, { uid: claimUid(number), serviceAccount }),
    unclaim: () => api.claims.clear(),
  };
}
