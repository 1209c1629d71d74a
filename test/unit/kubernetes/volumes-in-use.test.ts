// Who uses a container, through the real client over HTTP: what a volume must say, how often lists are read, and that a free
// container is never taken from an old list.
import assert from "node:assert/strict";
import { readReferences } from "../../../src/backend/blob/references.ts";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { type PagingServer, startPagingServer } from "../../support/paging-server.ts";

const VOLUMES = "/api/v1/persistentvolumes";
const ACCOUNT = "klabcdefghijklmnopqrstuv";
const CONTAINER = "pvc-0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4";
const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
const HANDLE = `rg#${ACCOUNT}#${CONTAINER}###${SUBSCRIPTION}`;
const fileSystem = (name = CONTAINER) => ({
  account: { subscriptionId: SUBSCRIPTION, resourceGroup: "rg", name: ACCOUNT },
  name,
});

interface Written {
  readonly name?: string;
  readonly handle?: string;
  readonly attributes?: Record<string, string>;
  readonly phase?: string;
  readonly driver?: string;
}

const volume = ({ name = "other", handle = HANDLE, attributes = {}, phase = "Bound", driver = "any" }: Written) => ({
  metadata: { name, annotations: { padding: "x".repeat(1_000) } },
  spec: {
    csi: { driver, volumeHandle: handle, volumeAttributes: attributes },
    claimRef: { namespace: "new", name: "data", uid: "u" },
  },
  status: { phase },
});

describe("a container's use by PersistentVolumes", () => {
  let server: PagingServer;
  let cluster: Cluster;

  beforeEach(async () => {
    server = await startPagingServer();
    cluster = createCluster({ kubeconfig: server.kubeconfig, readReferences, now: () => 0 });
  });
  afterEach(() => server.stop());

  const holding = (...volumes: Written[]) => server.lists.set(VOLUMES, volumes.map(volume));
  const lists = () =>
    server.requests.filter(({ pathname, searchParams }) => pathname === VOLUMES && !searchParams.has("continue"))
      .length;

  const uses: readonly (readonly [string, Written])[] = [
    ["by the handle, in whatever volume of whatever driver", {}],
    [
      "by the handle of another form, as blob.csi.azure.com gives them out",
      { handle: `x#${ACCOUNT}#${CONTAINER}#u#ns#` },
    ],
    ["by a short handle", { handle: `x#${ACCOUNT}#${CONTAINER}` }],
    ["by a handle in another case", { handle: HANDLE.toUpperCase() }],
    ["by a handle made by hand", { handle: `${ACCOUNT}_${CONTAINER}` }],
    [
      "by attributes, whatever the case of their keys",
      { handle: "by-hand", attributes: { StorageAccount: ACCOUNT, CONTAINERNAME: CONTAINER } },
    ],
    [
      "by the older name of the attribute",
      { handle: "rg#elsewhere#other", attributes: { storageAccountName: ACCOUNT, containerName: CONTAINER } },
    ],
    [
      "by attributes that win over another handle",
      { handle: "rg#elsewhere#other###s", attributes: { storageaccount: ACCOUNT, containername: CONTAINER } },
    ],
    [
      "by a placeholder that the node plugin fills in",
      {
        handle: "by-hand",
        attributes: { containerName: ["$", "{pv.metadata.name}"].join(""), "csi.storage.k8s.io/pv/name": CONTAINER },
      },
    ],
    [
      "by the container alone: a secret may name the account",
      { handle: "h", attributes: { containerName: CONTAINER } },
    ],
    ["by a handle without account", { handle: `rg##${CONTAINER}` }],
    ["by its own name", { name: CONTAINER, handle: "something else" }],
    ["in phase Available", { phase: "Available" }],
    ["in phase Pending", { phase: "Pending" }],
    ["in no phase yet", { phase: "" }],
  ];
  for (const [how, written] of uses) {
    it(`is found ${how}`, async () => {
      holding({ name: "a", handle: "rg#a#b", phase: "Bound" }, { name: CONTAINER, phase: "Released" }, written);
      const found = await cluster.findVolumeUsing(fileSystem());
      assert.deepEqual(found, {
        name: written.name ?? "other",
        phase: written.phase ?? "Bound",
        claim: { namespace: "new", name: "data" },
      });
    });
  }

  const others: readonly (readonly [string, Written])[] = [
    ["Released", { phase: "Released" }],
    ["Failed", { phase: "Failed" }],
    ["of another container", { handle: `rg#${ACCOUNT}#pvc-1###${SUBSCRIPTION}` }],
    ["of a container of this name in another account", { handle: `rg#elsewhere#${CONTAINER}###${SUBSCRIPTION}` }],
    [
      "of a container of this name in another account, by attributes",
      { handle: "h", attributes: { storageaccount: "elsewhere", containerName: CONTAINER } },
    ],
    ["of another driver whose handle is the name alone", { handle: CONTAINER }],
  ];
  for (const [which, written] of others) {
    it(`is not one of a volume that is ${which}`, async () => {
      holding(written);
      assert.equal(await cluster.findVolumeUsing(fileSystem()), undefined);
    });
  }

  it("100 deletions at once in a cluster with 5,000 volumes read two lists", async () => {
    const released = Array.from({ length: 5_000 }, (_, index) => ({
      name: `pvc-${index}`,
      handle: `rg#${ACCOUNT}#pvc-${index}###${SUBSCRIPTION}`,
      phase: index < 100 ? "Released" : "Bound",
    }));
    holding(...released);
    const names = Array.from({ length: 100 }, (_, index) => `pvc-${index}`);
    const found = await Promise.all(names.map((name) => cluster.findVolumeUsing(fileSystem(name))));
    assert.deepEqual(found, Array(100).fill(undefined));
    assert.deepEqual([lists(), server.requests.length], [2, 20]);
    console.log(`      100 deletions, 5,000 volumes: ${lists()} lists, ${server.requests.length} requests`);
    assert.equal((await cluster.findVolumeUsing(fileSystem("pvc-100")))?.name, "pvc-100");
  });

  it("is never said to be free by a list that began before the question", async () => {
    holding();
    const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    server.before = async () => {
      if (lists() > 1) return 200;
      begun.resolve();
      await released.promise;
      return 200;
    };
    const first = cluster.findVolumeUsing(fileSystem("pvc-other"));
    await begun.promise;
    const second = cluster.findVolumeUsing(fileSystem());
    released.resolve();
    assert.equal(await first, undefined);
    holding({});
    assert.equal((await second)?.name, "other");
    assert.equal(lists(), 2);
  });

  it("by a volume that was found is confirmed by one read, until it is released", async () => {
    holding({ name: CONTAINER, phase: "Released" }, {});
    await cluster.findVolumeUsing(fileSystem());
    server.requests.length = 0;
    assert.equal((await cluster.findVolumeUsing(fileSystem(), { isRemembered: true }))?.name, "other");
    assert.deepEqual(
      server.requests.map(({ pathname }) => pathname),
      [`${VOLUMES}/other`],
    );
    holding({ name: CONTAINER, phase: "Released" }, { phase: "Released" }, { name: "third" });
    assert.equal((await cluster.findVolumeUsing(fileSystem()))?.name, "third", "another one uses it now");
    holding({ name: CONTAINER, phase: "Released" });
    assert.equal(await cluster.findVolumeUsing(fileSystem()), undefined);
  });

  it("is not looked for where only what is remembered is asked", async () => {
    holding({});
    assert.equal(await cluster.findVolumeUsing(fileSystem(), { isRemembered: true }), undefined);
    assert.deepEqual(server.requests, []);
  });

  it("is not known when a page fails, also one in the middle of a list", async () => {
    holding(...Array.from({ length: 501 }, (_, index) => ({ name: `pv-${index}`, handle: `rg#x#c-${index}` })));
    server.before = (url) => (url.searchParams.has("continue") ? 500 : 200);
    await assert.rejects(cluster.findVolumeUsing(fileSystem()), { reason: "Unavailable" });
    server.before = () => 200;
    assert.equal(await cluster.findVolumeUsing(fileSystem()), undefined);
  });

  it("is read in smaller pages where volumes are so large that a page has too many bytes", async () => {
    const large = (index: number) => ({
      name: `pv-${index}`,
      handle: `rg#x#c-${index}`,
      attributes: { padding: "x".repeat(250_000) },
    });
    holding(...Array.from({ length: 60 }, (_, index) => large(index)), {});
    assert.equal((await cluster.findVolumeUsing(fileSystem()))?.name, "other");
    const limits = server.requests.map(({ searchParams }) => searchParams.get("limit"));
    assert.deepEqual([limits[0], limits[1], limits.at(-1)], ["500", "125", "8"]);
  });
});
