// The look for orphans in the background: what it finds, what it deletes by itself, and everything that it leaves alone.
import assert from "node:assert/strict";
import { startEmulatedApp } from "../support/emulated-app.ts";
import { type MadeVolume, type OrphanRounds, startOrphanRounds } from "../support/orphan-rounds.ts";

const CLEANUP = ["--orphan-cleanup"] as const;
/** Rounds until the grace period of 24 h is over, from the first one that finds something. */
const GRACE_ROUNDS = 26;

describe("orphans in the background", () => {
  let rounds: OrphanRounds;
  afterEach(() => rounds.app.stop());

  const names = (...volumes: readonly MadeVolume[]) => volumes.map(({ container }) => container).sort();
  const logged = (message: string) =>
    rounds.app
      .log()
      .split("\n")
      .filter((line) => line.includes(message));

  it("are counted, exactly the volume whose PersistentVolume vanished, and nothing is deleted without --orphan-cleanup", async () => {
    rounds = await startOrphanRounds();
    const [live, vanished] = await rounds.provisionInUse(2);
    assert(live && vanished);
    await rounds.rounds(2);
    assert.deepEqual(await rounds.gauges(), []);
    rounds.abandon(vanished);
    await rounds.rounds(GRACE_ROUNDS + 2);
    assert.deepEqual(await rounds.gauges(), ["container orphan 1"]);
    assert.deepEqual(rounds.held(), { containers: names(live, vanished), granted: names(live, vanished) });
    assert.equal(logged("left in Azure without a volume: 1 orphans, 0 only listed, 0 retained").length, 1, "said once");
  });

  it("are not looked for without Kubernetes, which the log says at the start", async () => {
    const app = await startEmulatedApp(["--orphan-check-interval", "1h"], { tasks: ["orphans"] });
    rounds = { app } as OrphanRounds;
    app.forgetCalls();
    await app.time.advance(86_400_000);
    assert.deepEqual(app.armCalls(), []);
    assert.match(app.log(), /"level":"warn","message":"--orphan-check-interval has no effect without Kubernetes/);
  });

  it("cost one list of each account, however many volumes it holds", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const [made = assert.fail("no volume")] = await rounds.provisionInUse(1);
    const [record, bound] = [rounds.record(made), rounds.cluster.persistentVolumes[0] ?? assert.fail("none")];
    for (let number = 0; number < 999; number++) {
      const container = `pvc-00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
      const { containers } = rounds.app.emulator.world;
      containers.set(`${made.account}/${container}`, { ...record, uid: container, name: container });
      rounds.cluster.persistentVolumes.push({ ...bound, name: container, handle: "", attributes: {} });
      rounds.cluster.volumes.add(container);
    }
    rounds.app.forgetCalls();
    await rounds.rounds(1);
    assert.deepEqual(
      rounds.app
        .armCalls()
        .map(({ operation }) => operation)
        .sort(),
      ["containers/list", "roleAssignments/list", "storageAccounts/listByGroup"],
    );
    assert.equal(rounds.held().containers.length, 1000);
  });

  it("that never had a PersistentVolume and hold nothing are deleted after the grace period, with their access", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(4);
    await rounds.rounds(1);
    const left = await rounds.provision();
    rounds.abandon(left);
    await rounds.rounds(20);
    assert.deepEqual(await rounds.gauges(), ["container orphan 1"]);
    assert.deepEqual(rounds.held().granted, names(...live, left), "within the grace period nothing is touched");
    await rounds.rounds(GRACE_ROUNDS - 20 + 2);
    assert.deepEqual(rounds.held(), { containers: names(...live), granted: names(...live) });
    assert.deepEqual(await rounds.gauges(), []);
    assert.equal(await rounds.metric('keyless_csi_orphans_removed_total{kind="container"}'), 1);
    assert.equal(logged("orphan deleted").length, 1);
  });

  it("are left alone that hold something, and Azure itself refuses to delete them meanwhile", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(4);
    await rounds.rounds(1);
    const full = await rounds.provision();
    rounds.abandon(full);
    assert.equal(await rounds.writeFile(full), 201);
    await rounds.rounds(GRACE_ROUNDS + 4);
    assert.deepEqual(rounds.held().containers, names(...live, full));
    assert.equal(rounds.record(full).immutabilityPolicy, undefined, "the guard is taken away again");
    assert.equal(logged("orphan not deleted: it holds something").length, 1, "asked for and said once");
  });

  it("are left alone that had a PersistentVolume, or are older than what the task has seen", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(8);
    const older = await rounds.provision();
    rounds.abandon(older);
    await rounds.rounds(1);
    const bound = await rounds.provision();
    rounds.bind(bound);
    await rounds.rounds(1);
    rounds.abandon(bound);
    await rounds.rounds(GRACE_ROUNDS + 4);
    assert.deepEqual(rounds.held(), {
      containers: names(...live, older, bound),
      granted: names(...live, older, bound),
    });
    assert.deepEqual(await rounds.gauges(), ["container orphan 2"]);
  });

  it("more than usual, or all of them, stop the clean-up with a warning: nothing is deleted, access neither", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(3);
    await rounds.rounds(1);
    const left = await rounds.provision();
    const gone = await rounds.provision();
    for (const volume of [left, gone]) rounds.abandon(volume);
    rounds.app.emulator.world.containers.delete(`${gone.account}/${gone.container}`);
    for (let round = 0; round < 3; round++) await rounds.round();
    assert.equal(await rounds.round(), "failed");
    assert.deepEqual(rounds.held(), { containers: names(...live, left), granted: names(...live, left, gone) });
    assert.equal(logged("orphans are not cleaned up: 1 of 4 containers would be deleted, more than 20 %").length, 1);
    for (const volume of live) rounds.abandon(volume);
    await rounds.round();
    assert.equal(await rounds.round(), "failed");
    assert.match(rounds.app.log(), /orphans are not cleaned up|background task failed/);
    assert.equal(rounds.held().containers.length, 4);
    assert((await rounds.gauges()).includes("container orphan 4"), "they are counted all the same");
  });

  it("that carry no mark, or a former cluster's, are only listed", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(4);
    await rounds.rounds(1);
    const left = await rounds.provision({ isolation: "volume" });
    rounds.abandon(left);
    const account = rounds.app.emulator.world.accounts.get(left.account) ?? assert.fail("no account");
    const { "keyless-csi.cluster-uid": _, ...unmarked } = account.tags;
    account.tags = unmarked;
    rounds.record(left).metadata = {};
    await rounds.rounds(GRACE_ROUNDS + 4);
    assert.deepEqual(rounds.held(), { containers: names(...live, left), granted: names(...live, left) });
    assert.deepEqual(await rounds.gauges(), ["container kept 1"]);
  });

  it("lose the access to what is gone at the second round, and a claim that comes back keeps its container", async () => {
    rounds = await startOrphanRounds(CLEANUP);
    const live = await rounds.provisionInUse(8);
    await rounds.rounds(1);
    const [gone, back] = [await rounds.provision(), await rounds.provision()];
    for (const volume of [gone, back]) rounds.abandon(volume);
    rounds.app.emulator.world.containers.delete(`${gone.account}/${gone.container}`);
    await rounds.rounds(1);
    assert(rounds.held().granted.includes(gone.container));
    await rounds.rounds(1);
    assert.deepEqual(rounds.held().granted, names(...live, back));
    await rounds.rounds(17);
    // The claim comes between the look and the deletion: only a deletion lists a second time in a round.
    const list = rounds.cluster.listClaimUids;
    let lists = 0;
    Object.assign(rounds.cluster, {
      listClaimUids: () => {
        lists += 1;
        if (lists === 2) rounds.cluster.claims.set(`team/${back.uid}`, { uid: back.uid, isBoundLate: false });
        return list();
      },
    });
    for (let round = 0; lists < 2 && round < GRACE_ROUNDS; round++) {
      lists = 0;
      await rounds.rounds(1);
    }
    assert.equal(lists, 2, "it was about to be deleted");
    await rounds.rounds(2);
    assert.deepEqual(rounds.held(), { containers: names(...live, back), granted: names(...live, back) });
  });

  it("are retained with --on-delete=retain: shown as retained, and not even access to them is taken away", async () => {
    rounds = await startOrphanRounds([...CLEANUP, "--on-delete", "retain"]);
    const live = await rounds.provisionInUse(4);
    await rounds.rounds(1);
    const retained = await rounds.provision();
    rounds.abandon(retained);
    await rounds.rounds(GRACE_ROUNDS + 4);
    assert.deepEqual(rounds.held(), { containers: names(...live, retained), granted: names(...live, retained) });
    assert.deepEqual((await rounds.gauges()).sort(), ["container retained 1", "role_assignment orphan 1"]);
  });
});
