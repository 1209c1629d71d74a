// Clusters that are known by more than the id that people choose: two with one id, one that takes another's volumes over, one
// without Kubernetes, and what was made before there were marks.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { StorageAccount } from "../../src/emulator/world.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { heldContainers } from "../support/held.ts";
import { refused } from "../support/refused.ts";

const UID_A = "aaaaaaaa-0000-4000-8000-00000000000a";
const UID_B = "bbbbbbbb-0000-4000-8000-00000000000b";
const GIB = 2 ** 30;

describe("a cluster's mark", () => {
  let first: EmulatedApp;
  const others: EmulatedApp[] = [];

  const start = (uid: string | undefined, flags: readonly string[] = [], emulator?: EmulatedApp["emulator"]) =>
    startEmulatedApp(["--account-cache", "1ms", ...flags], {
      ...(uid !== undefined && { clusterFor: ({ issuer }) => createFakeCluster(issuer.issuer, uid) }),
      ...(emulator && { emulator }),
    });
  /** Another service on the same Azure. */
  async function join(uid: string | undefined, ...flags: string[]): Promise<EmulatedApp> {
    const other = await start(uid, flags, first.emulator);
    others.push(other);
    return other;
  }
  beforeEach(async () => {
    first = await start(UID_A);
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.stop();
    await first.stop();
  });

  const accountOf = (id: string): StorageAccount =>
    first.emulator.world.accounts.get(id.split("#")[1] ?? "") ?? assert.fail(`no account of ${id}`);
  const containers = () => heldContainers(first.emulator.world).map(({ name }) => name);
  const remove = ({ csi }: EmulatedApp, id: string) => csi.controller("DeleteVolume", { volume_id: id });
  const expand = ({ csi }: EmulatedApp, id: string) =>
    csi.controller("ControllerExpandVolume", {
      volume_id: id,
      capacity_range: { required_bytes: String(2 * GIB) },
    });
  const list = async ({ csi }: EmulatedApp) => (await csi.controller("ListVolumes", {})).entries.length;
  const writes = (app: EmulatedApp) => app.armCalls().filter(({ method }) => method !== "GET");
  function unmark(id: string): void {
    const account = accountOf(id);
    const { "keyless-csi.cluster-uid": _, ...tags } = account.tags;
    account.tags = tags;
  }

  it("is on the account and in the container's metadata", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    assert.equal(accountOf(id).tags["keyless-csi.cluster-uid"], UID_A);
    assert.equal(heldContainers(first.emulator.world)[0]?.metadata["keyless_cluster_uid"], UID_A);
  });

  it("keeps a second cluster of the same id out, before anything is written, and says what to add", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    const second = await join(UID_B);
    second.forgetCalls();
    await refused(
      create(second, createRequest(second.emulator)),
      status.FAILED_PRECONDITION,
      new RegExp(`two have the cluster id emulator: .*--cluster-id.*--also-owns emulator/${UID_A}:`),
    );
    await refused(remove(second, id), status.FAILED_PRECONDITION, new RegExp(`another cluster's mark \\(${UID_A}`));
    assert.deepEqual(writes(second), []);
    assert.equal(await list(second), 0);
    assert.equal(await list(first), 1);
    assert.equal(containers().length, 1);
  });

  it("counts for a deletion as soon as it is there, whatever was remembered of the account", async () => {
    const remembering = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => createFakeCluster(issuer.issuer, UID_A),
      emulator: first.emulator,
    });
    others.push(remembering);
    const { volume_id: id } = await create(remembering, createRequest(remembering.emulator));
    const account = accountOf(id);
    account.tags = { ...account.tags, "keyless-csi.cluster-uid": UID_B };
    await refused(remove(remembering, id), status.FAILED_PRECONDITION, /another cluster's mark/);
    assert.equal(containers().length, 1);
  });

  it("is no obstacle to expanding a volume", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    const second = await join(UID_B);
    assert.equal((await expand(second, id)).capacity_bytes, String(2 * GIB));
  });

  it("lets a cluster that names the former one by id and mark go on with its accounts, and delete its volumes", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    const heir = await join(UID_B, "--also-owns", `emulator/${UID_A}`);
    const { volume_id: new_id } = await create(heir, createRequest(heir.emulator));
    assert.equal(new_id.split("#")[1], id.split("#")[1]);
    assert.equal(await list(heir), 2);
    await remove(heir, id);
    await remove(heir, new_id);
    assert.deepEqual(containers(), []);
  });

  it("an id alone takes over only what carries no mark", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    const heir = await join(UID_B, "--cluster-id", "heir", "--also-owns", "emulator");
    await refused(remove(heir, id), status.FAILED_PRECONDITION, new RegExp(`--also-owns emulator/${UID_A}:`));
    assert.equal(containers().length, 1);
    unmark(id);
    heldContainers(first.emulator.world).forEach((container) => {
      container.metadata = {};
    });
    await remove(heir, id);
    assert.deepEqual(containers(), []);
  });

  it("is needed to touch what carries one: without Kubernetes nothing of it is", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    const [alone, heir] = [await join(undefined), await join(undefined, "--also-owns", `emulator/${UID_A}`)];
    alone.forgetCalls();
    for (const app of [alone, heir])
      await refused(
        remove(app, id),
        status.FAILED_PRECONDITION,
        /without Kubernetes this controller has none to compare/,
      );
    await refused(create(alone, createRequest(alone.emulator)), status.FAILED_PRECONDITION, /without Kubernetes/);
    assert.deepEqual(writes(alone), []);
    assert.equal(containers().length, 1);
  });

  it("may be missing: such accounts are used, expanded and deleted from as before, with a warning", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    unmark(id);
    const { volume_id: new_id } = await create(first, createRequest(first.emulator));
    assert.equal(new_id.split("#")[1], id.split("#")[1]);
    await expand(first, id);
    await remove(first, id);
    assert.equal(containers().length, 1);
    assert.equal(first.log().match(/"storage account carries no cluster's mark: [^"]+"/g)?.length, 3);
  });

  it("in the metadata keeps a container of another cluster in an account without one", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    unmark(id);
    const second = await join(UID_B);
    const { volume_id: theirs } = await create(second, createRequest(second.emulator));
    await refused(remove(first, theirs), status.FAILED_PRECONDITION, /carries a mark that is not this cluster's/);
    assert.equal(containers().length, 2);
    assert.equal(await list(first), 1);
    await remove(second, theirs);
    await remove(first, id);
    assert.deepEqual(containers(), []);
  });

  it("in the metadata decides nothing where the account carries it", async () => {
    const { volume_id: id } = await create(first, createRequest(first.emulator));
    for (const container of heldContainers(first.emulator.world)) container.metadata["keyless_cluster_uid"] = UID_B;
    assert.equal(await list(first), 1);
    await remove(first, id);
    assert.deepEqual(containers(), []);
  });

  it("on a given account decides whose it is; without one the id does, and metadata tells volumes apart", async () => {
    const { volume_id: made } = await create(first, createRequest(first.emulator));
    const template = accountOf(made);
    const given: StorageAccount = {
      ...template,
      id: template.id.replace(template.name, "given"),
      name: "given",
      tags: { "keyless-csi.cluster": "emulator" },
    };
    first.emulator.world.accounts.set("given", given);
    const second = await join(UID_B);
    const inGiven = { storageAccount: "given" };
    const { volume_id: ours } = await create(first, createRequest(first.emulator, inGiven));
    const { volume_id: theirs } = await create(second, createRequest(second.emulator, inGiven));
    await refused(remove(second, ours), status.FAILED_PRECONDITION, /carries a mark that is not this cluster's/);
    assert.equal(await list(second), 1);
    assert.doesNotMatch(first.log(), /carries no cluster's mark/, "its administrator has chosen this");
    given.tags = { ...given.tags, "keyless-csi.cluster-uid": UID_B };
    await refused(
      create(first, createRequest(first.emulator, inGiven)),
      status.FAILED_PRECONDITION,
      new RegExp(`storage account given .* another cluster's mark \\(${UID_B}; this cluster's is ${UID_A}\\)`),
    );
    await remove(second, theirs);
    assert.equal(containers().length, 2);
  });
});
