// The writes to ARM that the product makes, as it makes them: the controller runs against the emulator, and what its SDKs put on
// the wire is kept.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createRouteTable, tidyPath } from "../../../src/emulator/arm/front-door/route-table.ts";
import type { Route } from "../../../src/emulator/arm/provider.ts";
import { PROVIDERS } from "../../../src/emulator/arm/providers.ts";
import type { JsonObject } from "../../../src/emulator/json.ts";
import { hashOf } from "../../../src/volume/names.ts";
import { startAppInCluster } from "../../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp } from "../../support/emulated-app.ts";
import type { FakeCluster } from "../../support/fake-cluster.ts";
import { SAFE_MOUNT } from "../../support/safe-mount.ts";
import { membersOf } from "./mutants.ts";

/** One call with a body. */
export interface Write {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly apiVersion: string;
  readonly route: Route;
  readonly body: JsonObject;
}

/** Of each operation the bodies that have a member which the others have not, in the order of the operations' names. */
export async function captureWrites(): Promise<Write[]> {
  const { calls, stop } = listen();
  try {
    await useProduct();
  } finally {
    stop();
  }
  const routes = createRouteTable(PROVIDERS.flatMap((provider) => provider.routes));
  const writes = calls.flatMap(({ method, url, text }): Write[] => {
    const [path = "", query = ""] = url.split("?");
    const route = routes.find(method, tidyPath(path))?.route;
    const apiVersion = new URLSearchParams(query).get("api-version");
    if (route?.body === undefined || apiVersion === null) return [];
    return [{ method, path: tidyPath(path), apiVersion, route, body: JSON.parse(text === "" ? "{}" : text) }];
  });
  return distinct(writes).sort((a, b) => a.route.operation.localeCompare(b.route.operation));
}

interface Heard {
  readonly method: string;
  readonly url: string;
  readonly text: string;
}

/** undici's message for each request that it is given; what it sends of a text or of bytes is a Buffer by then. */
interface Created {
  readonly request: { readonly method: string; readonly path: string; readonly body: Buffer | null };
}

/** Keeps what this process sends with PUT, PATCH and POST. */
function listen(): { readonly calls: readonly Heard[]; stop(): void } {
  const calls: Heard[] = [];
  const onCreated = (message: unknown) => {
    const { method, path: url, body } = (message as Created).request;
    if (["PUT", "PATCH", "POST"].includes(method)) calls.push({ method, url, text: body?.toString("utf8") ?? "" });
  };
  subscribe("undici:request:create", onCreated);
  return { calls, stop: () => void unsubscribe("undici:request:create", onCreated) };
}

/** Every way in which the controller writes: new accounts and volumes, an expansion, a repair, tags, a trust. */
async function useProduct(): Promise<void> {
  const flags = ["--account-cache", "0s", "--repair-drift", "--manage-federated-credentials"];
  const { app, cluster } = await startAppInCluster(flags);
  try {
    await trust(app, cluster);
    const volume = await create(app, createRequest(app.emulator));
    const capacity_range = { required_bytes: String(2 ** 31) };
    await app.csi.controller("ControllerExpandVolume", { volume_id: volume.volume_id, capacity_range });
    await repair(app);
    await create(app, createRequest(app.emulator, RICH));
  } finally {
    await app.stop();
  }
}

const RICH = {
  skuName: "Standard_ZRS",
  accessTier: "Cool",
  isHnsEnabled: "true",
  publicNetworkAccess: "Disabled",
  requireInfraEncryption: "true",
  softDeleteBlobs: "7",
  softDeleteContainers: "14",
  tags: "team=storage",
};

/** Somebody opens the account and takes its tags away: the next volume puts both right. */
async function repair(app: EmulatedApp): Promise<void> {
  const [account] = app.emulator.world.accounts.values();
  if (account === undefined) throw new Error("the controller has made no account");
  const keys = { blob: { enabled: true } };
  Object.assign(account.properties, { allowSharedKeyAccess: true, allowSharedKeyAccessForServices: keys });
  account.tags = {};
  await create(app, createRequest(app.emulator));
}

async function trust(app: EmulatedApp, cluster: FakeCluster): Promise<void> {
  const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
  if (identity === undefined) throw new Error("the emulator has no workload-a");
  identity.tags = { [`keyless-csi.${hashOf(app.emulator.issuer.issuer).slice(0, 16)}`]: "team/*" };
  cluster.serviceAccounts.set("team/app", identity.clientId);
  const uid = crypto.randomUUID();
  cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: "app" });
  await create(app, {
    name: `pvc-${uid}`,
    volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
    parameters: {
      identity: "serviceAccount",
      "csi.storage.k8s.io/pvc/name": uid,
      "csi.storage.k8s.io/pvc/namespace": "team",
    },
  });
}

/** Largest bodies first; one that only has members of a larger one is left out. */
function distinct(writes: readonly Write[]): Write[] {
  const kept: { readonly write: Write; readonly members: Set<string> }[] = [];
  const sized = writes.map((write) => ({ write, members: new Set(membersOf(write).map(({ path }) => path)) }));
  for (const each of sized.sort((a, b) => b.members.size - a.members.size)) {
    const { operation } = each.write.route;
    const same = kept.filter(({ write }) => write.route.operation === operation);
    if (same.some(({ members }) => each.members.isSubsetOf(members))) continue;
    kept.push(each);
  }
  return kept.map(({ write }) => write);
}
