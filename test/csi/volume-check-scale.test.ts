// What the check of volumes in use costs where there are thousands of them, and what it does where a part of Azure does not answer.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { roleAssignmentName } from "../../src/volume/names.ts";
import { startVolumesInUse, type VolumesInUse } from "../support/volumes-in-use.ts";

const MANY = 3_000;

describe("the check of thousands of volumes in use", () => {
  let use: VolumesInUse;
  afterEach(() => use.app.stop());

  /** Volumes beside one that was created: in the cluster, and in the emulator as that one is there. */
  async function bindMany(count = MANY): Promise<{ readonly account: string }> {
    const { volume_id: id } = await use.bind("first");
    const [first = assert.fail("no volume")] = use.cluster.persistentVolumes;
    const [, account = "", name = ""] = id.split("#");
    const { containers, roleAssignments } = use.app.emulator.world;
    const container = containers.get(`${account}/${name}`) ?? assert.fail("no container");
    const granted = [...roleAssignments.values()].find(({ scope }) => scope.endsWith(`/${name}`));
    for (let number = 1; number < count; number++) {
      const uid = uuidOf(number);
      const volume = `pvc-${uid}`;
      containers.set(`${account}/${volume}`, { ...container, uid, name: volume });
      if (granted !== undefined) {
        const scope = granted.scope.replace(name, volume);
        const key = roleAssignmentName(scope, granted.principalId, granted.roleDefinitionName);
        roleAssignments.set(key, { ...granted, name: key, scope });
      }
      const claim = { namespace: "team", name: `claim-${number}`, uid };
      use.cluster.persistentVolumes.push({ ...first, name: volume, handle: id.replace(name, volume), claim });
    }
    use.app.forgetCalls();
    return { account };
  }
  const uuidOf = (number: number) =>
    createHash("md5")
      .update(String(number))
      .digest("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

  /** Calls by their operation. */
  function counts(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const operation of use.calls()) found[operation] = (found[operation] ?? 0) + 1;
    use.app.forgetCalls();
    return found;
  }
  const lists = { "storageAccounts/listByGroup": 1, "containers/list": 1 };

  it("costs as many lists as for a few, and a page for each 1,000 role assignments", async () => {
    use = await startVolumesInUse();
    await bindMany();
    await use.round();
    assert.deepEqual(counts(), { ...lists, "roleAssignments/list": 4 });
    assert.deepEqual(await use.gauges(), [MANY, 0, 0]);
  });

  it("reads 100 a round of what is gone, first what the round before has found, and warns 50", async () => {
    use = await startVolumesInUse();
    const { account } = await bindMany();
    const { containers } = use.app.emulator.world;
    for (const key of [...containers.keys()]) if (key.startsWith(`${account}/`)) containers.delete(key);
    for (const [certain, warned] of [
      [0, 0],
      [100, 50],
      [100, 100],
      [200, 150],
    ] as const) {
      await use.round();
      assert.equal(counts()["containers/get"], 100);
      assert.deepEqual(await use.gauges(), [MANY, certain, 0]);
      assert.equal(use.cluster.warnings.length, warned);
    }
    assert.equal(new Set(use.warned()).size, 150, "each claim once before any of them again");
  });

  it("looks at others where the reads of a round did not suffice: what is there after all holds up nothing", async () => {
    use = await startVolumesInUse([], { settings: { assignmentListLagMs: 86_400_000 } });
    const count = 400;
    await bindMany(count);
    const { roleAssignments } = use.app.emulator.world;
    const now = use.app.emulator.clock.now();
    for (const [key, each] of roleAssignments) {
      if (each.scope.includes("/containers/")) roleAssignments.set(key, { ...each, createdAt: now });
    }
    const last = use.cluster.persistentVolumes.at(-1)?.name ?? "";
    for (const [key, each] of roleAssignments) if (each.scope.endsWith(last)) roleAssignments.delete(key);
    const rounds = count / 100 + 2;
    for (let round = 0; round < rounds && use.cluster.warnings.length === 0; round++) await use.round();
    assert.deepEqual(use.warned(), [`claim-${count - 1} AccessMissing`]);
  });
});

describe("the check of volumes in use, while a part of Azure does not answer,", () => {
  let use: VolumesInUse;
  afterEach(() => use.app.stop());
  const failing = (operation: string, times = -1) =>
    use.app.emulator.faults.add({ match: { operation }, times, action: { status: 403, code: "AuthorizationFailed" } });

  it("finds what has lost its storage although role assignments cannot be listed, and takes none for missing", async () => {
    use = await startVolumesInUse();
    const [lost, closed] = [await use.bind("lost"), await use.bind("closed")];
    use.loseContainer(lost);
    use.loseAccess(closed);
    failing("roleAssignments/list");
    assert.deepEqual([await use.round(), await use.round()], ["failed", "failed"]);
    assert.deepEqual([use.warned(), await use.gauges()], [["lost StorageMissing"], [2, 1, 0]]);
    use.app.emulator.faults.clear();
    await use.round();
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 1, 1]);
    failing("roleAssignments/list");
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 1, 1], "what cannot be looked at stays what it was");
  });

  it("finds what other accounts have lost, shows no gauge before it has seen all, and keeps what it has seen", async () => {
    use = await startVolumesInUse();
    const names = ["a", "b"];
    const volumes = [];
    for (const name of names) volumes.push(await use.bind(name, {}, { isolation: "volume" }));
    for (const volume of volumes) use.loseContainer(volume);
    failing("containers/list", 1);
    assert.equal(await use.round(), "failed");
    assert.deepEqual(await use.gauges(), [undefined, undefined, undefined]);
    failing("containers/list", 1);
    assert.equal(await use.round(), "failed");
    assert.equal(use.warned().length, 1);
    await use.round();
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 2, 0]);
    failing("storageAccounts/listByGroup");
    assert.equal(await use.round(), "failed");
    assert.deepEqual(await use.gauges(), [2, 2, 0]);
  });

  it("takes nothing for gone that a read does not say is gone", async () => {
    use = await startVolumesInUse();
    use.loseContainer(await use.bind("unread"));
    failing("containers/get");
    for (let rounds = 0; rounds < 3; rounds++) assert.equal(await use.round(), "failed");
    assert.deepEqual([use.warned(), await use.gauges()], [[], [1, 0, 0]]);
  });

  it("holds up neither a volume nor the end while a list gets no answer", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    const { faults } = use.app.emulator;
    faults.add({ match: { operation: "storageAccounts/listByGroup" }, action: { hang: "forever" } });
    await use.app.time.advance(12 * 60_000);
    await use.bind("two", {}, { isolation: "volume" });
    assert.deepEqual(faults.list(), [], "the list hangs");
    assert.equal(await use.app.app.stop(), "finished");
    assert.deepEqual(use.warned(), []);
  });

  it("goes on when a claim cannot be warned", async () => {
    use = await startVolumesInUse();
    for (const name of ["one", "two"]) use.loseContainer(await use.bind(name));
    const { warnClaim } = use.cluster;
    Object.assign(use.cluster, {
      warnClaim: (...given: Parameters<typeof warnClaim>) =>
        given[0].name === "one" ? Promise.reject(new Error("namespace is being deleted")) : warnClaim(...given),
    });
    await use.round();
    assert.equal(await use.round(), "failed");
    assert.deepEqual([use.warned(), await use.gauges()], [["two StorageMissing"], [2, 2, 0]]);
  });
});
