// What is counted on this side of a limit of Azure: never more calls than the limit allows, as Azure sees them arrive.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Allowance, createCallWindow, createTokenBucket } from "../../../../src/azure/budget/allowances.ts";

/** A call as it went: Azure counts it at `arrived`. */
interface Sent {
  readonly at: number;
  readonly arrived: number;
}

/** Sends calls one after another, each as soon as it is allowed after its pause, and answers when Azure saw them. */
function send(allowance: Allowance, calls: readonly { pause: number; there: number; back: number }[]): Sent[] {
  const sent: Sent[] = [];
  const ends: number[] = [];
  let now = 0;
  const advance = (to: number) => {
    for (const end of ends.filter((each) => each <= to).sort((a, b) => a - b)) {
      now = end;
      allowance.ended(now);
    }
    ends.splice(0, ends.length, ...ends.filter((each) => each > to));
    now = to;
  };
  for (const { pause, there, back } of calls) {
    advance(now + pause);
    for (let wait = allowance.waitMs(now, 0, 0); wait > 0; wait = allowance.waitMs(now, 0, 0)) advance(now + wait);
    allowance.take(now);
    sent.push({ at: now, arrived: now + there });
    ends.push(now + there + back);
  }
  return sent;
}

/** The most of the times that lie within any such time. */
function mostWithin(times: readonly number[], milliseconds: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(...sorted.map((end) => sorted.filter((each) => each > end - milliseconds && each <= end).length));
}

const CALLS = fc.array(
  fc.record({
    pause: fc.constantFrom(0, 0, 0, 3, 40, 700, 5_000),
    there: fc.integer({ min: 0, max: 1_900 }),
    back: fc.constantFrom(0, 5, 400, 30_000),
  }),
  { minLength: 1, maxLength: 60 },
);

describe("what Azure allows, counted on this side", () => {
  it("a window never lets more calls arrive in any time of its length, however long they are on their way", () => {
    fc.assert(
      fc.property(CALLS, fc.integer({ min: 1, max: 8 }), fc.constantFrom(1, 5, 300), (calls, most, seconds) => {
        const sent = send(createCallWindow({ calls: most, seconds }), calls);
        assert(
          mostWithin(
            sent.map(({ arrived }) => arrived),
            seconds * 1000,
          ) <= most,
        );
      }),
    );
  });

  it("a window is used up whole: calls that take no time wait for nothing but its length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), (count, most) => {
        const calls = Array.from({ length: count }, () => ({ pause: 0, there: 0, back: 0 }));
        const sent = send(createCallWindow({ calls: most, seconds: 5 }), calls);
        assert.equal(sent.at(-1)?.at, Math.floor((count - 1) / most) * 5_000);
      }),
    );
  });

  it("a bucket never lets more go in any time than it holds and gains", () => {
    fc.assert(
      fc.property(CALLS, fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 10, 25), (calls, burst, perSecond) => {
        const times = send(createTokenBucket({ burst, perSecond }), calls).map(({ at }) => at);
        for (const [first, from] of times.entries()) {
          for (const [last, to] of times.entries()) {
            assert(last < first || last - first + 1 <= burst + ((to - from) / 1000) * perSecond + 1e-6);
          }
        }
      }),
    );
  });

  it("a bucket is lowered by what Azure says is left, and never raised", () => {
    const bucket = createTokenBucket({ burst: 100, perSecond: 10 });
    bucket.lower(0, 5);
    assert.equal(bucket.left(0), 5);
    bucket.lower(0, 50);
    assert.equal(bucket.left(0), 5);
    assert.equal(bucket.left(1_000), 15);
    assert.equal(bucket.waitMs(1_000, 0, 19), 500);
  });

  it("a share is kept for others: of buckets, and of windows that take long to come back", () => {
    const bucket = createTokenBucket({ burst: 100, perSecond: 10 });
    for (let index = 0; index < 90; index += 1) bucket.take(0);
    assert.equal(bucket.waitMs(0, 0, 0), 0);
    assert.equal(bucket.waitMs(0, 0.1, 0), 100);
    const long = createCallWindow({ calls: 100, seconds: 300 });
    const short = createCallWindow({ calls: 10, seconds: 1 });
    for (let index = 0; index < 90; index += 1) long.take(0);
    for (let index = 0; index < 9; index += 1) short.take(0);
    assert.equal(long.waitMs(0, 0, 0), 0);
    assert(long.waitMs(0, 0.1, 0) >= 300_000);
    assert.equal(short.waitMs(0, 0.5, 0), 0);
  });

  it("calls that are never answered do not stay in a window for ever", () => {
    const window = createCallWindow({ calls: 2, seconds: 1 });
    window.take(0);
    window.take(0);
    assert.equal(window.left(0), 0);
    assert.equal(window.waitMs(0, 0, 0), 3_000);
    assert.equal(window.left(3_000), 2);
    window.take(3_000);
    // Those of before end now: they make no room twice.
    window.ended(3_100);
    window.ended(3_100);
    assert.equal(window.left(3_100), 1);
    window.ended(3_200);
    assert.equal(window.left(4_200), 2);
  });
});
