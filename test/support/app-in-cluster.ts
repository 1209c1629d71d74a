// The service and the emulator in this process, and a cluster in memory whose tokens Entra trusts.
import { type EmulatedApp, type EmulatedAppOptions, startEmulatedApp } from "./emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "./fake-cluster.ts";

/** As `startEmulatedApp`, with a cluster of its own. */
export async function startAppInCluster(
  flags: readonly string[] = [],
  options: Omit<EmulatedAppOptions, "clusterFor"> = {},
): Promise<{ readonly app: EmulatedApp; readonly cluster: FakeCluster }> {
  const clusters: FakeCluster[] = [];
  const clusterFor: EmulatedAppOptions["clusterFor"] = ({ issuer }) => {
    const cluster = createFakeCluster(issuer.issuer);
    clusters.push(cluster);
    return cluster;
  };
  const app = await startEmulatedApp(flags, { ...options, clusterFor });
  const [cluster] = clusters;
  if (cluster === undefined) throw new Error("the service asked for no cluster");
  return { app, cluster };
}
