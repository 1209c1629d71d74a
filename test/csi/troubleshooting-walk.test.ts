// A newcomer's walk through docs/how-to/troubleshooting.md: a message is looked up by its words, what its row says is done to
// the letter, and the same claim then gets its volume, or the same volume goes.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import { type FakeCluster, SHIPPED_DRIVER } from "../support/fake-cluster.ts";
import { matches, readEntries } from "../support/troubleshooting-page.ts";

const GIVEN = "contosodata";

/** A claim `demo/data`, as csi-provisioner sends it. */
interface Asked {
  readonly parameters: Record<string, string>;
  readonly mountFlags?: readonly string[];
  readonly bytes?: string;
}

describe("docs/how-to/troubleshooting.md, followed to the letter", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let uid: string;
  const entries = readEntries();

  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster());
    uid = randomUUID();
    cluster.claims.set("demo/data", { uid, isBoundLate: true, className: "fast" });
    cluster.namespaces.set("demo", "uid-demo");
    cluster.serviceAccounts.set("demo/workload-a", clientId(0));
  });
  afterEach(() => app.stop());

  const clientId = (index: number) => app.emulator.info.identities[index]?.clientId ?? assert.fail("no identity");
  const annotate = (serviceAccount: string) =>
    cluster.claims.set("demo/data", { uid, isBoundLate: true, className: "fast", serviceAccount });
  const pod = (name: string, serviceAccount: string) =>
    cluster.pods.set(`demo/${name}`, { name, uid: randomUUID(), serviceAccount, uses: ["data"] });

  const volumeFor = ({ parameters, mountFlags = RECOMMENDED_OPTIONS, bytes }: Asked) =>
    create(app, {
      name: `pvc-${uid}`,
      volume_capabilities: [
        { mount: { mount_flags: [...mountFlags] }, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } },
      ],
      parameters: { ...parameters, "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "demo" },
      ...(bytes !== undefined && { capacity_range: { required_bytes: bytes } }),
    });

  /** The row that the message leads to; its words begin the message, so that a search for them finds it. */
  async function lookUp(attempt: Promise<unknown>): Promise<{ readonly message: string; readonly todo: string }> {
    const message = await attempt.then(
      () => assert.fail("nothing failed"),
      ({ details }: { details: string }) => details,
    );
    const rows = entries.filter(({ words }) => words.some((each) => matches(each, message)));
    assert(rows.length > 0, `no row for: ${message}`);
    return { message, todo: rows.map(({ todo }) => todo).join("\n") };
  }

  /** Looks up, checks that the row names the repair, repairs, and tries again. */
  async function walk(asked: Asked, advice: RegExp, repair: (message: string) => unknown, then: Asked = asked) {
    const { message, todo } = await lookUp(volumeFor(asked));
    assert.match(todo, advice);
    await repair(message);
    const volume = await volumeFor(then);
    assert(app.emulator.world.containers.size === 1 && volume.volume_id !== "");
  }

  const ofServiceAccount: Asked = { parameters: { identity: "serviceAccount" } };
  const nothing = () => undefined;

  it("clientID is missing", () =>
    walk({ parameters: {} }, /`identity: serviceAccount`/, () => annotate("workload-a"), ofServiceAccount));

  it("a parameter of file shares", () =>
    walk(
      { parameters: { ...ofServiceAccount.parameters, shareName: "x" } },
      /remove it/,
      () => annotate("workload-a"),
      ofServiceAccount,
    ));

  it("no ServiceAccount is known", () =>
    walk(ofServiceAccount, /annotate the claim with `keyless-csi\/service-account`/, () => annotate("workload-a")));

  it("pods with different ServiceAccounts", async () => {
    pod("one", "workload-a");
    pod("other", "workload-b");
    await walk(ofServiceAccount, /the same annotation/, () => annotate("workload-a"));
  });

  it("a ServiceAccount that does not exist", async () => {
    annotate("newcomer");
    await walk(ofServiceAccount, /correct the annotation/, () => annotate("workload-a"));
  });

  it("a ServiceAccount that names no identity", async () => {
    cluster.serviceAccounts.set("demo/workload-a", "");
    annotate("workload-a");
    await walk(ofServiceAccount, /azure.workload.identity\/client-id/, () =>
      cluster.serviceAccounts.set("demo/workload-a", clientId(0)),
    );
  });

  it("an object id in the place of the client id", async () => {
    const principal = app.emulator.info.identities[0]?.principalId ?? "";
    let named = "";
    await walk(
      { parameters: { clientID: principal } },
      /use the one in the message/,
      (message) => {
        named = /its client id is "([^"]+)"/.exec(message)?.[1] ?? "";
        assert.equal(named, clientId(0));
      },
      { parameters: { clientID: clientId(0) } },
    );
  });

  it("the file cache, by the command in the message", async () => {
    let mountFlags: string[] = [];
    const { message, todo } = await lookUp(
      volumeFor({ parameters: { clientID: clientId(0) }, mountFlags: ["-o allow_other"] }),
    );
    assert.match(todo, /run the command in the message/);
    ({ mountOptions: mountFlags } = JSON.parse(/-p '(\{"mountOptions".*?\})'/.exec(message)?.[1] ?? "{}"));
    await volumeFor({ parameters: { clientID: clientId(0) }, mountFlags });
  });

  it("no CSIDriver", async () => {
    cluster.csiDrivers.clear();
    await walk({ parameters: { clientID: clientId(0) } }, /kubectl apply -f deploy\/manifests\/csidriver.yaml/, () =>
      cluster.csiDrivers.set("keyless.blob.csi", SHIPPED_DRIVER),
    );
  });

  it("a namespace whose UID is not to be found", async () => {
    cluster.namespaces.delete("demo");
    await walk({ parameters: { clientID: clientId(0), isolation: "namespace" } }, /kubectl get namespace/, () =>
      cluster.namespaces.set("demo", "uid-demo"),
    );
  });

  it("more than an account holds", () => {
    const parameters = { clientID: clientId(0) };
    return walk({ parameters, bytes: String(2n ** 62n) }, /ask for less/, nothing, {
      parameters,
      bytes: String(2 ** 30),
    });
  });

  it("an account that does not exist, that is not given, and that is not keyless, one after the other", async () => {
    const asked: Asked = { parameters: { clientID: clientId(0), storageAccount: GIVEN } };
    const { todo } = await lookUp(volumeFor(asked));
    assert.match(todo, /correct the class, or remove `storageAccount`/);
    const account = addAccount();
    assert.match((await lookUp(volumeFor(asked))).todo, /keyless-csi.cluster=<cluster id>/);
    account.tags["keyless-csi.cluster"] = app.emulator.info.clusterId;
    const open = await lookUp(volumeFor(asked));
    assert.match(open.message, /is not keyless: /);
    assert.match(open.todo, /what to do/);
    Object.assign(account.properties, {
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      isLocalUserEnabled: false,
    });
    const { volume_id: id } = await volumeFor(asked);
    assert.equal(id.split("#")[1], GIVEN);
  });

  /** As `az storage account create` makes one without flags. */
  function addAccount() {
    const { subscriptionId, resourceGroup, location } = app.emulator.info;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${GIVEN}`;
    const account = {
      ...{ id, name: GIVEN, subscriptionId, resourceGroup, location, kind: "StorageV2" },
      sku: { name: "Standard_LRS", tier: "Standard" },
      tags: {} as Record<string, string>,
      properties: { allowSharedKeyAccess: true } as Record<string, unknown>,
      ...{ blobService: {}, createdAt: 0, readyAt: 0 },
    };
    app.emulator.world.accounts.set(GIVEN, account);
    return account;
  }

  it("another PersistentVolume that uses the container", async () => {
    const { volume_id: id } = await volumeFor({ parameters: { clientID: clientId(0) } });
    const restored = { name: "restored", handle: id, attributes: {}, phase: "Bound" };
    cluster.persistentVolumes.push(restored);
    const remove = () => app.csi.controller("DeleteVolume", { volume_id: id });
    const { todo } = await lookUp(remove());
    assert.match(todo, /the deletion goes through once the other one is released/);
    cluster.persistentVolumes.splice(0, 1, { ...restored, phase: "Released" });
    await remove();
    assert.equal(app.emulator.world.containers.size, 0);
  });

  it("a lock, by the code of Azure", async () => {
    const { volume_id: id } = await volumeFor({ parameters: { clientID: clientId(0) } });
    const scope = [...app.emulator.world.accounts.values()][0]?.id ?? "";
    const lock = `${scope}/providers/Microsoft.Authorization/locks/keep`;
    app.emulator.world.locks.set(lock.toLowerCase(), { id: lock, name: "keep", scope, level: "CanNotDelete" });
    const remove = () => app.csi.controller("DeleteVolume", { volume_id: id });
    const { message, todo } = await lookUp(remove());
    assert.match(message, /failed \(ScopeLocked, /);
    assert.match(todo, /the code in parentheses, in the next table/);
    app.emulator.world.locks.clear();
    await remove();
    assert.equal(app.emulator.world.containers.size, 0);
  });
});
