// The service is killed before and after every cloud call of create and delete, restarted, and called again.
import assert from "node:assert/strict";
import type { FaultMoment } from "../../src/emulator/faults/faults.ts";
import { NO_VARIANTS } from "../../src/emulator/variants.ts";
import { type Census, type Cloud, startCloud } from "./support/cloud.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { report } from "./support/figures.ts";
import { claimRequestOf, type Mode, modes, requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { type Service, type Spares, startSpares } from "./support/service.ts";

/** The service that replays is the next one to be killed: without its account cache it asks for accounts again. */
const FORGETFUL = ["--account-cache", "1ms"];
/** How many calls a replay may make beyond an undisturbed run. */
const EXTRA_CALLS = 2;

describe("a service that is killed at any cloud call and restarted", function () {
  this.timeout(600_000);
  let kills = 0;
  let mostExtra = Number.NEGATIVE_INFINITY;
  after(() => {
    report(
      1,
      `${kills} kills in ${modes.length} modes: same ids, 0 duplicates, 0 orphans, most extra calls ${mostExtra}`,
    );
  });

  for (const mode of modes) describe(mode.name, () => matrixOf(mode));

  it("waits for an account that Azure is still creating, and creates no other", async () => {
    const cloud = await startCloud({ settings: { accountCreationMs: 3_000 } });
    const spares = startSpares(cloud);
    try {
      const service = await spares.next();
      const request = requestOf(cloud.emulator, volumeName(1));
      const held = cloud.hold({ operation: "storageAccounts/create" }, 0, "after");
      const outcome = service.csi.controller("CreateVolume", request).catch(() => "cut off");
      await held;
      await service.kill();
      await outcome;
      cloud.clearFaults();
      kills += 1;
      const replaying = await spares.next();
      volumeOf(await replaying.csi.controller("CreateVolume", request));
      const { accounts, containers, roleAssignments } = cloud.census();
      assert.deepEqual([accounts.length, containers.length, roleAssignments.length], [1, 1, 1]);
      await replaying.kill();
    } finally {
      await spares.stop();
      await cloud.stop();
    }
  });

  function matrixOf(mode: Mode) {
    let cloud: Cloud;
    let cluster: TestCluster;
    let spares: Spares;
    before(async () => {
      cloud = await startCloud({ settings: mode.variants ?? NO_VARIANTS });
      cluster = await startCluster(cloud);
      cluster.claim(1);
      const api = mode.isOnDataPlane === true ? "blob" : "arm";
      spares = startSpares(cloud, { flags: [...FORGETFUL, ...cluster.flags, "--container-api", api] });
    });
    afterEach(() => {
      cloud.clearFaults();
      assert.deepEqual(cloud.emulator.calls.report().alarms, []);
    });
    // biome-ignore lint/suspicious/noDuplicateTestHooks: the other hook belongs to the outer suite
    after(async () => {
      await spares?.stop();
      await cluster?.stop();
      await cloud?.stop();
    });

    const create = (service: Service) =>
      service.csi.controller("CreateVolume", claimRequestOf(cloud.emulator, volumeName(1), mode.parameters));

    /** Kills `service` at the `skip`th call of `work`, leaves Azure as it is then, and gives a fresh service. */
    async function killAt(
      service: Service,
      at: Moment,
      work: (service: Service) => Promise<unknown>,
    ): Promise<Service> {
      const held = cloud.hold({ path: "^/subscriptions/|^/kl" }, at.skip, at.moment);
      const outcome = work(service).then(
        () => "finished",
        () => "cut off",
      );
      const first = await Promise.race([held.then(() => "held"), outcome]);
      assert.equal(first, "held", `${at.name}: the call was never made`);
      await service.kill();
      assert.equal(await outcome, "cut off");
      cloud.clearFaults();
      cloud.forgetCalls();
      kills += 1;
      return await spares.next();
    }

    function assertFewCalls(clean: number, at: string) {
      const extra = cloud.calls().length - clean;
      assert(extra <= EXTRA_CALLS, `${at}: ${extra} calls more than an undisturbed run\n${listCalls(cloud)}`);
      mostExtra = Math.max(mostExtra, extra);
    }

    /** What remains of a deleted volume: its account, when other volumes may use it. */
    const without = (nothing: Census, whole: Census): Census =>
      mode.ownsAccount ? nothing : { ...nothing, accounts: whole.accounts };

    it("creates the same volume id, with no duplicate and nothing left behind", async () => {
      let service = await spares.next();
      const nothing = cloud.census();
      cloud.forgetCalls();
      const { volume_id: id } = volumeOf(await create(service));
      const clean = cloud.calls().length;
      const whole = cloud.census();
      cloud.empty();
      cloud.forgetCalls();
      await create(service);
      // Calls that a service makes only once come first: a fresh service is killed for those.
      const once = clean - cloud.calls().length;
      for (const at of momentsOf(clean)) {
        cloud.empty();
        const isFresh = at.skip < once;
        if (isFresh) await service.kill();
        const victim = isFresh ? await spares.next() : service;
        service = await killAt(victim, isFresh ? at : { ...at, skip: at.skip - once }, create);
        assert.equal(volumeOf(await create(service)).volume_id, id, at.name);
        assert.deepEqual(cloud.census(), whole, at.name);
        assertFewCalls(clean, at.name);
        await service.csi.controller("DeleteVolume", { volume_id: id });
        assert.deepEqual(cloud.census(), without(nothing, whole), at.name);
      }
      await service.kill();
    });

    it("deletes everything in the next attempt", async () => {
      let service = await spares.next();
      cloud.empty();
      const nothing = cloud.census();
      const { volume_id: id } = volumeOf(await create(service));
      const whole = cloud.census();
      const remove = (on: Service) => on.csi.controller("DeleteVolume", { volume_id: id });
      await service.kill();
      service = await spares.next();
      cloud.forgetCalls();
      await remove(service);
      const clean = cloud.calls().length;
      assert.deepEqual(cloud.census(), without(nothing, whole));
      cloud.empty();
      assert.equal(volumeOf(await create(service)).volume_id, id);
      cloud.forgetCalls();
      await remove(service);
      // As above: a service that has created the volume knows already what a fresh one looks up.
      const once = clean - cloud.calls().length;
      for (const at of momentsOf(clean)) {
        cloud.empty();
        assert.equal(volumeOf(await create(service)).volume_id, id);
        const isFresh = at.skip < once;
        if (isFresh) await service.kill();
        const victim = isFresh ? await spares.next() : service;
        service = await killAt(victim, isFresh ? at : { ...at, skip: at.skip - once }, remove);
        await remove(service);
        assert.deepEqual(cloud.census(), without(nothing, whole), at.name);
        assertFewCalls(clean, at.name);
        await remove(service);
      }
      await service.kill();
    });
  }
});

interface Moment {
  readonly skip: number;
  readonly moment: FaultMoment;
  readonly name: string;
}

/** Before and after each of `calls` calls. */
function momentsOf(calls: number): Moment[] {
  return Array.from({ length: calls }, (_, skip) =>
    (["before", "after"] as const).map((moment) => ({
      skip,
      moment,
      name: `killed ${moment} call ${skip + 1} of ${calls}`,
    })),
  ).flat();
}

function listCalls(cloud: Cloud): string {
  return cloud
    .calls()
    .map(({ method, operation, status }) => `${method} ${operation} ${status}`)
    .join("\n");
}
