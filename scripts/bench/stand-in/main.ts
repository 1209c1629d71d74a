// `node scripts/bench/stand-in/main.ts FOLDER`: serves the stand-ins until it is ended, and writes into the folder what finds
// them: cloud.json for `--cloud-file`, kubeconfig for `--kubeconfig`, ca.pem.
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeKubeconfig } from "../../../test/support/kubeconfig.ts";
import { CONTROLLER_CLIENT, GROUP, LOCATION, SUBSCRIPTION, TENANT } from "./azure.ts";
import { startStandIn } from "./server.ts";

const folder = resolve(process.argv[2] ?? ".");
const { origin, ca } = await startStandIn();
const caFile = join(folder, "ca.pem");
await writeFile(caFile, ca);
await writeFile(join(folder, "token"), "bench", { mode: 0o600 });
await writeKubeconfig(join(folder, "kubeconfig"), { server: origin, caFile, token: "bench", namespace: "bench" });
const cloud = {
  armEndpoint: origin,
  authorityHost: origin,
  blobEndpoint: origin,
  caFile: "ca.pem",
  tenantId: TENANT,
  subscriptionId: SUBSCRIPTION,
  resourceGroup: GROUP,
  location: LOCATION,
  clusterId: "bench",
  controller: { clientId: CONTROLLER_CLIENT, tokenFile: "token" },
};
// Last: a process that waits for it finds everything else there.
await writeFile(join(folder, "cloud.json"), `${JSON.stringify(cloud, undefined, 2)}\n`);
