// The runner of background tasks: one replica at a time, another after it, each task within its budget, and failures that
// affect nothing else.
import assert from "node:assert/strict";
import {
  type Background,
  type BackgroundObserver,
  type BackgroundTask,
  startBackground,
  type Turn,
} from "../../../src/concurrency/background.ts";
import { createFailures } from "../../../src/concurrency/failures.ts";
import {
  ALONE,
  createElection,
  LEASE_DURATION_MS,
  LEASE_INTERVAL_MS,
  type Leadership,
} from "../../../src/concurrency/leadership.ts";
import { DriverError } from "../../../src/errors.ts";
import { createFakeTime, type FakeTime, settle } from "../../support/fake-time.ts";
import { createMemoryLease, type MemoryLease } from "../../support/memory-lease.ts";

const MINUTE_MS = 60_000;
const WIDE = { count: 1_000, withinMs: 1 };

interface Recorded {
  /** Each time that it began or ended to run tasks. */
  readonly here: boolean[];
  readonly done: string[];
  /** `task reason isNew`. */
  readonly failed: string[];
}

function record(): Recorded & BackgroundObserver {
  const here: boolean[] = [];
  const done: string[] = [];
  const failed: string[] = [];
  return {
    here,
    done,
    failed,
    tasksRunHere: (isLeading) => void here.push(isLeading),
    inTask: (_, work) => work(),
    taskDone: (name) => void done.push(name),
    taskFailed: (name, error, isNew) =>
      void failed.push(`${name} ${error instanceof DriverError ? error.reason : error} ${isNew}`),
  };
}

function task(run: (turn: Turn) => Promise<void>, overrides: Partial<BackgroundTask> = {}): BackgroundTask {
  return { name: "check", intervalMs: 10 * MINUTE_MS, budget: WIDE, begin: () => run, ...overrides };
}

describe("background tasks of one process", () => {
  let time: FakeTime;
  let seen: Recorded & BackgroundObserver;
  let background: Background;
  beforeEach(() => {
    time = createFakeTime();
    seen = record();
  });
  afterEach(() => background.stop());
  const start = (...tasks: BackgroundTask[]) => {
    background = startBackground({ tasks, leadership: ALONE, time, observer: seen });
  };

  it("run first after a tenth of their interval, then after each interval, counted from the end of a run", async () => {
    const runs: number[] = [];
    const begunAt = time.now();
    start(
      task(async () => {
        runs.push((time.now() - begunAt) / MINUTE_MS);
        await time.sleep(2 * MINUTE_MS, new AbortController().signal);
      }),
    );
    await time.advance(30 * MINUTE_MS);
    assert.deepEqual(runs, [1, 13, 25]);
    assert.equal(background.isLeading(), true);
  });

  it("wait a tenth more or less, so that replicas and restarts do not stay in step", async () => {
    const firstAt: number[] = [];
    for (const random of [0, 0.999999]) {
      time = createFakeTime(random);
      const begunAt = time.now();
      start(task(async () => void firstAt.push(Math.round((time.now() - begunAt) / 1_000))));
      await time.advance(2 * MINUTE_MS);
      await background.stop();
    }
    assert.deepEqual(firstAt, [54, 66]);
  });

  it("that fail are tried again at the next interval, reported as new once for each kind, and disturb no other", async () => {
    const outcomes = ["Throttled", "Throttled", "Forbidden", undefined, "Forbidden"] as const;
    let run = 0;
    start(
      task(async () => {
        const reason = outcomes[run++];
        if (reason !== undefined) throw new DriverError(reason, "no");
      }),
      task(async () => undefined, { name: "other" }),
    );
    await time.advance(45 * MINUTE_MS);
    assert.deepEqual(seen.failed, [
      "check Throttled true",
      "check Throttled false",
      "check Forbidden true",
      "check Forbidden true",
    ]);
    assert.equal(seen.done.filter((name) => name === "other").length, 5);
    assert.equal(seen.done.filter((name) => name === "check").length, 1);
  });

  it("begin no more calls than their budget within its time", async () => {
    const spentAt: number[] = [];
    start(
      task(
        async (turn) => {
          for (let call = 0; call < 5; call++) {
            await turn.spend();
            spentAt.push(time.now() / 1_000);
          }
        },
        { budget: { count: 2, withinMs: 300_000 }, intervalMs: 0 },
      ),
    );
    await time.advance(12 * MINUTE_MS);
    for (const at of spentAt) {
      assert.ok(spentAt.filter((other) => other > at - 300 && other <= at).length <= 2, spentAt.join());
    }
    assert.equal(spentAt.length, 6, "and lose nothing of it");
  });

  it("end at once: nothing is begun any more, no timer is left, and a run that hangs holds nothing up", async () => {
    let turn: Turn | undefined;
    const never = new Promise<void>(() => undefined);
    start(
      task(async (given) => {
        turn = given;
        await never;
      }),
      task(async () => undefined, { name: "waiting" }),
    );
    await time.advance(MINUTE_MS);
    await background.stop();
    await settle();
    assert.equal(turn?.signal.aborted, true);
    await assert.rejects(turn.spend());
    assert.equal(background.isLeading(), false);
    assert.equal(time.sleepers(), 0);
    assert.deepEqual(seen.failed, [], "the end is no failure");
  });
});

describe("background tasks of several replicas", () => {
  let time: FakeTime;
  let lease: MemoryLease;
  let running: Background[];
  beforeEach(() => {
    time = createFakeTime();
    lease = createMemoryLease();
    running = [];
  });
  afterEach(() => Promise.all(running.map((each) => each.stop())));

  interface Replica {
    readonly background: Background;
    readonly seen: Recorded;
    /** How often the task has begun. */
    runs(): number;
    /** What each request to the Lease meets from now on. */
    meet(obstacle: () => Promise<void>): void;
  }

  function startReplica(name: string): Replica {
    let obstacle: () => Promise<void> = async () => undefined;
    let runs = 0;
    const seen = record();
    const store = lease.connect(() => obstacle());
    const leadership: Leadership = createElection({
      store,
      identity: name,
      time,
      failures: createFailures("lease", seen),
    });
    const once = task(async () => void runs++, { intervalMs: 50_000 });
    const background = startBackground({ tasks: [once], leadership, time, observer: seen });
    running.push(background);
    const meet: Replica["meet"] = (next) => {
      obstacle = next;
    };
    return { background, seen, runs: () => runs, meet };
  }

  /** Second by second; fails when two replicas lead at once. Answers at which seconds nobody did. */
  async function watch(seconds: number, replicas: readonly Replica[]): Promise<number> {
    let without = 0;
    for (let second = 0; second < seconds; second++) {
      await time.advance(1_000);
      const leading = replicas.filter(({ background }) => background.isLeading()).length;
      assert.ok(leading <= 1, `two replicas lead ${second} s later`);
      if (leading === 0) without += 1;
    }
    return without;
  }
  const unreachable = async () => {
    throw new DriverError("Unavailable", "the API server does not answer");
  };

  it("run in exactly one of them, however long", async () => {
    const replicas = [startReplica("a"), startReplica("b"), startReplica("c")];
    assert.equal(await watch(1_800, replicas), 0);
    assert.deepEqual(
      replicas.map(({ runs }) => runs() > 30),
      [true, false, false],
    );
    assert.deepEqual(replicas.map(({ runs }) => runs()).slice(1), [0, 0]);
    assert.equal(lease.held()?.holder, "a");
  });

  it("are taken over at the next attempt when the one that ran them drains, which gives up the Lease", async () => {
    const [first, second] = [startReplica("a"), startReplica("b")];
    await watch(60, [first, second]);
    await first.background.stop();
    assert.equal(lease.held()?.holder, "", "released");
    assert.ok((await watch(60, [first, second])) <= (LEASE_INTERVAL_MS * 1.1) / 1_000);
    assert.deepEqual([first.seen.here, second.seen.here], [[true, false], [true]]);
    assert.ok(second.runs() > 0);
  });

  it("are taken over after a crash once the Lease has expired, and not before", async () => {
    const crashed = { holder: "crashed", durationMs: LEASE_DURATION_MS, version: "crashed" };
    lease.overwrite(crashed);
    const second = startReplica("b");
    const without = await watch(120, [second]);
    const [least, most] = [LEASE_DURATION_MS, LEASE_DURATION_MS + 1.1 * LEASE_INTERVAL_MS].map((ms) => ms / 1_000);
    assert.ok(without >= (least ?? 0) - 1 && without <= (most ?? 0), `${without} s without a leader`);
    assert.equal(lease.held()?.holder, "b");
  });

  for (const [what, obstacle] of [
    ["that is refused at once", unreachable],
    ["that gets no answer", () => time.sleep(10_000, new AbortController().signal).then(unreachable)],
  ] as const) {
    it(`end in a replica ${what} before another takes over, and it does not take them back`, async () => {
      const [first, second] = [startReplica("a"), startReplica("b")];
      await watch(60, [first, second]);
      first.meet(obstacle);
      const without = await watch(120, [first, second]);
      assert.ok(without > 0 && second.background.isLeading());
      assert.deepEqual([...new Set(first.seen.failed)], ["lease Unavailable true", "lease Unavailable false"]);
      assert.equal(first.seen.failed.filter((each) => each.endsWith("true")).length, 1, "logged once");
      first.meet(async () => undefined);
      assert.equal(await watch(120, [first, second]), 0);
      assert.equal(second.background.isLeading(), true);
    });
  }

  it("end when somebody else stands in the Lease, and go on when it was only touched or deleted", async () => {
    const first = startReplica("a");
    await watch(30, [first]);
    const held = lease.held() ?? assert.fail("no Lease");
    lease.overwrite({ ...held, version: "annotated" });
    assert.equal(await watch(30, [first]), 0);
    lease.overwrite(undefined);
    assert.equal(await watch(30, [first]), 0);
    lease.overwrite({ holder: "z", durationMs: 3_600_000, version: "z" });
    await watch(15, [first]);
    assert.equal(first.background.isLeading(), false);
    await first.background.stop();
    assert.equal(lease.held()?.holder, "z", "another's Lease is not given up");
  });

  it("stay with nobody while the Lease cannot be reached, and start once it can", async () => {
    const first = startReplica("a");
    first.meet(unreachable);
    assert.equal(await watch(60, [first]), 60);
    first.meet(async () => undefined);
    await watch(12, [first]);
    assert.equal(first.background.isLeading(), true);
  });
});
