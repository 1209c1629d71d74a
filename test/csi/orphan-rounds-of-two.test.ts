// Two replicas that look for orphans: one with the Lease, and two that each believe they have it.
import assert from "node:assert/strict";
import { createMemoryLease } from "../support/memory-lease.ts";
import { type MadeVolume, type OrphanRounds, startOrphanRounds } from "../support/orphan-rounds.ts";

const CLEANUP = ["--orphan-cleanup"] as const;
const ROUNDS = 32;

describe("two replicas that clean up orphans", () => {
  const replicas: OrphanRounds[] = [];
  afterEach(async () => {
    // The emulator belongs to the first.
    for (const { app } of replicas.splice(0).reverse()) await app.stop();
  });

  async function startTwo(lease?: ReturnType<typeof createMemoryLease>): Promise<[OrphanRounds, OrphanRounds]> {
    const connected = () => (lease === undefined ? {} : { leases: lease.connect() });
    const first = await startOrphanRounds(CLEANUP, connected());
    replicas.push(first);
    const { cluster, app } = first;
    const second = await startOrphanRounds(CLEANUP, { ...connected(), cluster, emulator: app.emulator });
    replicas.push(second);
    return [first, second];
  }

  /** Orphans of every kind that goes by itself, and one that must stay. */
  async function leave(first: OrphanRounds) {
    const [empty, full, gone] = [await first.provision(), await first.provision(), await first.provision()];
    assert.equal(await first.writeFile(full), 201);
    for (const volume of [empty, full, gone]) first.abandon(volume);
    first.app.emulator.world.containers.delete(`${gone.account}/${gone.container}`);
    return { empty, full, gone };
  }
  const names = (...volumes: readonly MadeVolume[]) => volumes.map(({ container }) => container).sort();
  const deletions = ({ app }: OrphanRounds) =>
    app.emulator.calls
      .report()
      .calls.filter(({ method, status }) => method === "DELETE" && status === 200)
      .map(({ path }) => path.toLowerCase().split("?")[0])
      .filter((path) => !path?.includes("/immutabilitypolicies/"));

  it("delete nothing twice and nothing live where one has the Lease", async () => {
    const [first, second] = await startTwo(createMemoryLease());
    const live = await first.provisionInUse(8);
    await first.app.time.advance(1_000);
    await first.rounds(1);
    const { full } = await leave(first);
    first.app.forgetCalls();
    for (let round = 0; round < ROUNDS; round++) {
      await first.rounds(1);
      await second.app.time.advance(30_000);
    }
    assert.deepEqual(first.held().containers, names(...live, full));
    assert.equal(new Set(deletions(first)).size, deletions(first).length, "each once");
    assert.deepEqual(second.app.log().match(/orphan deleted/g), null);
    assert.deepEqual(await second.gauges(), []);
  });

  it("delete nothing live, and nothing that holds data, where both run the task at once", async () => {
    const [first, second] = await startTwo();
    const live = await first.provisionInUse(8);
    await Promise.all([first.rounds(1), second.rounds(1)]);
    const { full } = await leave(first);
    first.app.forgetCalls();
    for (let round = 0; round < ROUNDS; round++) await Promise.all([first.round(), second.round()]);
    assert.deepEqual(first.held(), { containers: names(...live, full), granted: names(...live) });
    assert.equal(new Set(deletions(first)).size, deletions(first).length, "Azure has deleted each once");
    assert.equal(first.record(full).immutabilityPolicy, undefined);
  });
});
