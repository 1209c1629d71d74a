// The how-tos on data that exists, a migration from blob.csi.azure.com and Velero, followed command by command with az, kubectl and
// keyless-csi, on a control plane and an emulated Azure.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { type AzureAdministrator, azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, namespace, serviceAccount, type Volume } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { commandsOf } from "../support/page-commands.ts";
import { openPageShell, type PageShell } from "./page-shell.ts";

const CLUSTER_ID = "pages-test";
const ACCOUNT = "contosodata";

describe("the commands of", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools and installs az
  let installation: Installation;
  let azure: AzureAdministrator;
  let shell: PageShell;
  const hasFailed = trackFailures();

  /** Each page begins with a cluster and an Azure of its own: they use the same names. */
  async function begin(): Promise<void> {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    trustCloud(installation.driver.ready);
    shell = await openPageShell(installation, CLUSTER_ID);
    azure = azureAdministrator(installation.driver.ready);
    await azure.createAccount(ACCOUNT, CLUSTER_ID);
    await azure.replaceTags(ACCOUNT, {});
    await azure.createContainer(ACCOUNT, "reports");
    await installation.apply(namespace("team-a"), namespace("team-b"));
    await installation.applyClass("keyless", { parameters: { identity: "serviceAccount" } });
  }
  afterEach(async () => {
    await shell?.close();
    await installation?.stop({ keepLogs: hasFailed() });
  });

  /** A ServiceAccount that one of the emulator's identities trusts. */
  async function addWorkload(index: number, team: string, name: string): Promise<void> {
    await azure.trust(index, installation.plane.server, team, name);
    const { clientId = "" } = installation.driver.ready.identities[index] ?? {};
    await installation.apply(serviceAccount(name, team, clientId));
  }
  /** A volume of team-a/app with a file in it. */
  async function provision(): Promise<Volume> {
    const annotations = { "keyless-csi/service-account": "app" };
    await installation.apply(claim("data", "keyless", { namespace: "team-a", annotations }));
    const volume = await boundVolume(installation.plane, "data", "team-a");
    assert.equal((await write(open(volume, "team-a", "app"), "hello.txt", "still here")).status, 201);
    return volume;
  }
  const open = (volume: Volume, team: string, name: string) => {
    const { plane, driver } = installation;
    return openVolume(volume, { plane, ready: driver.ready, namespace: team, serviceAccount: name });
  };
  const assignedAt = async (container: string) =>
    (await installation.driver.admin.state()).roleAssignments.filter(({ scope }) => scope.endsWith(`/${container}`));

  /**
   * Runs the commands of a section in their order, with what stands for the reader's own filled in. `codes`: of those that end with
   * another code than 0, by their beginnings. Answers what they printed.
   */
  async function follow(
    section: readonly string[] | undefined,
    own: Readonly<Record<string, string>> = {},
    codes: Readonly<Record<string, number>> = {},
  ): Promise<string[]> {
    const printed: string[] = [];
    for (const command of section ?? assert.fail("no such section")) {
      const filled = Object.entries(own).reduce((text, [word, value]) => text.replaceAll(word, value), command);
      const [, code] = Object.entries(codes).find(([beginning]) => command.startsWith(beginning)) ?? [];
      printed.push(await shell.run(filled, code));
    }
    return printed;
  }

  it("existing-data.md: a container that exists, then a second ServiceAccount on a volume", async () => {
    await begin();
    const page = commandsOf("how-to/existing-data.md");
    await addWorkload(0, "team-a", "app");
    await addWorkload(1, "team-b", "reader");
    const [look = "", ...rest] = page.get("A container that exists") ?? [];
    await follow([look], {}, { "keyless-csi": 3 });
    assert.deepEqual(await assignedAt("reports"), []);
    await follow(rest);
    const reports = await boundVolume(installation.plane, "reports", "team-a");
    assert.equal((await write(open(reports, "team-a", "app"), "new.txt", "written")).status, 201);
    assert.equal((await assignedAt("reports")).length, 1);

    const first = await provision();
    const own = { "pvc-2f8a9c1e-6a0d-4a53-9d0c-0b9f6a8b7c55": first.metadata.name };
    const [named] = await follow(page.get("A second ServiceAccount on a volume"), own);
    assert.equal(named, first.metadata.name);
    const second = await boundVolume(installation.plane, "data-reader", "team-b");
    assert.equal((await read(open(second, "team-b", "reader"), "hello.txt")).text, "still here");
  });

  it("migrate.md: from a key to the identity, with the data where it is", async () => {
    await begin();
    const { ready } = installation.driver;
    const page = commandsOf("how-to/migrate.md");
    const section = (number: number) => [...page].find(([title]) => title.startsWith(`${number}.`))?.[1];
    await azure.allowSharedKeys(ACCOUNT, true);
    await installation.apply(...formerVolume(ready.resourceGroup));
    await boundVolume(installation.plane, "reports", "team-a");
    const own = { "OLD-VOLUME": "old", GROUP: ready.resourceGroup, ISSUER: installation.plane.server };
    for (const number of [1, 3]) await follow(section(number), own);
    await follow(section(4), own, { "keyless-csi": 3 });
    assert.equal((await assignedAt("reports")).length, 1);
    const volume = await boundVolume(installation.plane, "reports-keyless", "team-a");
    assert.equal((await write(open(volume, "team-a", "app"), "hello.txt", "still here")).status, 201);
    await follow(section(5), own);
    const used =
      "jsonpath={.spec.template.spec.serviceAccountName} {.spec.template.spec.volumes[*].persistentVolumeClaim.claimName}";
    const deployment = ["get", "deployment", "web", "--namespace", "team-a", "--output", used];
    assert.equal(await installation.plane.kubectl(deployment), "app reports-keyless");

    await follow(section(6), own);
    const { properties } =
      (await installation.driver.admin.state()).accounts.find(({ name }) => name === ACCOUNT) ?? {};
    assert.equal(properties?.["allowSharedKeyAccess"], false);
    const [before, after] = ["reports.yaml", "again.yaml"].map((file) => readFile(join(shell.folder, file), "utf8"));
    assert.equal(await after, await before);
    await follow(section(7), own);
    const left = await installation.plane.kubectl(["get", "pv,pvc,secrets", "--all-namespaces", "--output", "name"]);
    assert.deepEqual(left.trim().split("\n").sort(), [
      "persistentvolume/team-a-reports-keyless",
      "persistentvolumeclaim/reports-keyless",
    ]);
    assert.equal((await read(open(volume, "team-a", "app"), "hello.txt")).text, "still here");
  });

  it("velero.md: Retain brings the data back, and what Delete has cut off is found again", async () => {
    await begin();
    const { plane, provisioner } = installation;
    const page = commandsOf("how-to/velero.md");
    await addWorkload(0, "team-a", "app");
    const volume = await provision();
    await follow(page.get("Before the backup"), { VOLUME: volume.metadata.name });
    const backup = await plane.kubectl(["get", "pv", volume.metadata.name, "--output", "json"]);
    /** Without DeleteVolume: the cluster is lost. */
    const lose = async () => {
      await plane.kubectl(["delete", "pvc", "data", "--namespace", "team-a"]);
      await plane.kubectl(["delete", "pv", volume.metadata.name]);
    };
    await lose();
    await installation.apply(asVeleroRestores(backup));
    const annotations = { "keyless-csi/service-account": "app" };
    const restored = { namespace: "team-a", annotations, volumeName: volume.metadata.name };
    await installation.apply(claim("data", "keyless", restored));
    const again = await boundVolume(plane, "data", "team-a");
    assert.equal((await read(open(again, "team-a", "app"), "hello.txt")).text, "still here");

    await lose();
    await installation.apply(claim("data", "keyless", { namespace: "team-a", annotations }));
    const empty = await boundVolume(plane, "data", "team-a");
    assert.equal((await read(open(empty, "team-a", "app"), "hello.txt")).status, 404);
    await provisioner.checkAlive();
    const [, account = "", container = ""] = volume.spec.csi.volumeHandle.split("#");
    await follow(page.get("When the policy was Delete"), { ACCOUNT: account, CONTAINER: container });
    const found = await boundVolume(plane, "data-restored", "team-a");
    assert.equal((await read(open(found, "team-a", "app"), "hello.txt")).text, "still here");
  });
});

/** A PersistentVolume of blob.csi.azure.com that is mounted with a key, its claim, its secret, and who uses it. */
function formerVolume(group: string): string[] {
  const csi = { driver: "blob.csi.azure.com", volumeHandle: `${group}#${ACCOUNT}#reports##team-a#` };
  const spec = { capacity: { storage: "5Gi" }, accessModes: ["ReadWriteMany"], storageClassName: "", csi };
  const claimRef = { namespace: "team-a", name: "reports" };
  const pod = {
    containers: [{ name: "web", image: "none", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: "reports" } }],
  };
  const labels = { app: "web" };
  const objects = [
    {
      ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "old" } },
      spec: { ...spec, claimRef, persistentVolumeReclaimPolicy: "Delete" },
    },
    {
      ...{ apiVersion: "v1", kind: "Secret", stringData: { azurestorageaccountname: ACCOUNT } },
      metadata: { name: `azure-storage-account-${ACCOUNT}-secret`, namespace: "team-a" },
    },
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "team-a" } },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
  ];
  return [
    ...objects.map((each) => JSON.stringify(each)),
    claim("reports", "", { namespace: "team-a", volumeName: "old" }),
  ];
}

/** pkg/restore of Velero 1.17: without UID, status and what binds it, for a volume without snapshot whose policy is Retain. */
function asVeleroRestores(backup: string): string {
  const { apiVersion, kind, metadata, spec } = JSON.parse(backup) as {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly annotations?: object };
    readonly spec: { readonly claimRef: { readonly namespace: string; readonly name: string } };
  };
  const { namespace, name } = spec.claimRef;
  const kept = { name: metadata.name, annotations: metadata.annotations };
  return JSON.stringify({ apiVersion, kind, metadata: kept, spec: { ...spec, claimRef: { namespace, name } } });
}
