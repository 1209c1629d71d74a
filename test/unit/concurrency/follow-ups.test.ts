// Work behind an answer: each that asks gets a run that begins after it, few runs serve many, and nothing is given up.
import assert from "node:assert/strict";
import { createFollowUps, type FollowUps, KEY_PACE_MS, LONGEST_PAUSE_MS } from "../../../src/concurrency/follow-ups.ts";
import { DriverError } from "../../../src/errors.ts";
import { createFakeTime, type FakeTime, settle } from "../../support/fake-time.ts";

const MINUTE_MS = 60_000;

describe("follow-ups", () => {
  let time: FakeTime;
  let followUps: FollowUps;
  /** `task reason isNew`. */
  let failed: string[];
  let done: number;
  beforeEach(() => {
    time = createFakeTime();
    failed = [];
    done = 0;
    followUps = createFollowUps({
      task: "check",
      time,
      observer: {
        inTask: (_, work) => work(),
        taskDone: () => void done++,
        taskFailed: (task, error, isNew) => failed.push(`${task} ${(error as DriverError).reason} ${isNew}`),
      },
    });
  });

  it("begin at once, and wait for nobody", async () => {
    const run = Promise.withResolvers<void>();
    let begun = 0;
    followUps.ask("a", () => {
      begun += 1;
      return run.promise;
    });
    await settle();
    assert.equal(begun, 1);
    run.resolve();
    await followUps.finish();
    assert.deepEqual([begun, done], [1, 1]);
  });

  it("that are asked for while one runs share the next one, which begins no sooner than the pace allows", async () => {
    const run = Promise.withResolvers<void>();
    const begun: number[] = [];
    const work = () => {
      begun.push(time.now());
      return run.promise;
    };
    const start = time.now();
    followUps.ask("a", work);
    await settle();
    for (let count = 0; count < 99; count++) followUps.ask("a", work);
    await settle();
    assert.deepEqual(begun, [start], "the first run had begun before they asked");
    run.resolve();
    await time.advance(KEY_PACE_MS - 1);
    assert.equal(begun.length, 1);
    await time.advance(1);
    assert.deepEqual(begun, [start, start + KEY_PACE_MS]);
    await time.advance(10 * MINUTE_MS);
    assert.equal(begun.length, 2, "nobody has asked since");
    assert.equal(time.sleepers(), 0);
  });

  for (const [keys, mostMs] of [
    [1, KEY_PACE_MS],
    [3, KEY_PACE_MS],
    [20, 30_000],
    [90, 150_000],
  ] as const) {
    it(`of ${keys} keys: a thousand a minute cost less than one run for twenty, and each waits at most ${mostMs} ms`, async () => {
      const askedAt = new Map<string, number>();
      let runs = 0;
      let longest = 0;
      let asked = 0;
      const work = (key: string) => async () => {
        runs += 1;
        longest = Math.max(longest, time.now() - (askedAt.get(key) ?? Number.NaN));
        askedAt.delete(key);
      };
      for (let second = 0; second < 600; second++) {
        for (let count = 0; count < 1_000 / 60; count++) {
          asked += 1;
          const key = `key-${asked % keys}`;
          if (!askedAt.has(key)) askedAt.set(key, time.now());
          followUps.ask(key, work(key));
        }
        await time.advance(1_000);
      }
      assert(runs / asked < 0.05, `${runs} runs for ${asked}`);
      assert(longest <= mostMs, `${longest} ms`);
      await followUps.finish();
      assert.equal(askedAt.size, 0, "each that asked had a run after it");
      console.log(`      ${asked} asked, ${keys} keys: ${runs} runs, at most ${longest} ms later`);
    });
  }

  it("are full where a further key would wait for minutes, and take it all the same", async () => {
    const ran = new Set<string>();
    for (let key = 0; key < 100; key++) followUps.ask(`key-${key}`, async () => void ran.add(`key-${key}`));
    await settle();
    assert.equal(followUps.isFull("another"), true);
    assert.equal(followUps.isFull("key-99"), false, "it costs no run more");
    followUps.ask("another", async () => void ran.add("another"));
    await time.advance(3 * MINUTE_MS);
    assert.equal(ran.size, 101);
    assert.equal(followUps.isFull("another"), false);
  });

  it("are tried again until they succeed, more and more seldom, and a lasting failure is new once", async () => {
    const begun: number[] = [];
    let isBroken = true;
    followUps.ask("a", async () => {
      begun.push(time.now());
      if (isBroken) throw new DriverError("Throttled", "too many");
    });
    await time.advance(60 * MINUTE_MS);
    const pauses = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    assert.deepEqual(
      pauses.slice(0, 3),
      [2, 4, 8].map((factor) => factor * KEY_PACE_MS),
    );
    assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
    assert.deepEqual(failed.slice(0, 2), ["check Throttled true", "check Throttled false"]);
    isBroken = false;
    await time.advance(LONGEST_PAUSE_MS);
    assert.equal(done, 1);
    const attempts = begun.length;
    await time.advance(60 * MINUTE_MS);
    assert.equal(begun.length, attempts);
  });

  it("of one key that hangs do not hold up another", async () => {
    followUps.ask("a", () => new Promise(() => {}));
    const ran = Promise.withResolvers<void>();
    followUps.ask("b", async () => ran.resolve());
    await ran.promise;
  });

  it("at the end: what waits for the pace or after a failure begins at once, and one attempt more is made", async () => {
    const begun: string[] = [];
    const work = (key: string, error?: Error) => async () => {
      begun.push(key);
      if (error !== undefined) throw error;
    };
    const broken = work("broken", new DriverError("Unavailable", "no answer"));
    followUps.ask("paced", work("paced"));
    followUps.ask("broken", broken);
    for (let key = 0; key < 30; key++) followUps.ask(`key-${key}`, work("other"));
    await settle();
    followUps.ask("paced", work("paced"));
    assert.equal(begun.length, 20);
    await followUps.finish();
    assert.deepEqual(
      [begun.filter((key) => key === "paced").length, begun.filter((key) => key === "broken").length],
      [2, 2],
    );
    assert.equal(begun.length, 34);
    followUps.ask("late", work("late"));
    await followUps.finish();
    assert.equal(begun.at(-1), "late", "a call that is still in flight may ask");
  });
});
