// Who goes first when Azure allows fewer calls than are wanted, by a clock that the test moves.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Budget, createBudget } from "../../../../src/azure/budget/budget.ts";
import type { Kind } from "../../../../src/azure/budget/kinds.ts";
import type { Wait } from "../../../../src/azure/budget/limit.ts";
import { targetOf } from "../../../../src/azure/request-target.ts";
import type { Purpose, Work } from "../../../../src/concurrency/purpose.ts";
import { AZURE_LIMITS, type AzureLimits } from "../../../../src/text/azure-limits.ts";
import { createFakeTime, type FakeTime, settle } from "../../../support/fake-time.ts";

const GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/a`;
const CONTAINER = `${ACCOUNT}/blobServices/default/containers/c`;
const ASSIGNMENT = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/r`;
const UNLIMITED = { burst: 1e9, perSecond: 1e9 };
/** Ten storage writes a second, and nothing else that counts. */
const TEN_WRITES: AzureLimits = {
  ...AZURE_LIMITS,
  armReads: UNLIMITED,
  armWrites: UNLIMITED,
  armDeletes: UNLIMITED,
  storageWrites: [{ calls: 10, seconds: 1 }],
};

interface Entered {
  readonly purpose: Purpose;
  readonly at: number;
  readonly failure: Wait | undefined;
}

describe("the budget", () => {
  let time: FakeTime;
  let budget: Budget;
  let entered: Entered[];
  const never = new AbortController().signal;
  const start = (limits: AzureLimits | undefined) => {
    time = createFakeTime();
    budget = createBudget({ now: time.now, sleep: (ms) => time.sleep(ms, never), limits });
    entered = [];
  };
  const kind = (method: string, url: string): Kind => budget.of(targetOf(method, url));
  /** A call that is answered at once. */
  const call = async (purpose: Purpose, of: Kind): Promise<Entered> => {
    const failure = await budget.enter(of, purpose, true);
    const done = { purpose, at: time.now(), failure };
    entered.push(done);
    if (failure === undefined) budget.ended(of);
    return done;
  };
  const sentOf = (purpose: Purpose) => entered.filter((each) => each.purpose === purpose && each.failure === undefined);

  it("sends at once what is allowed, without a promise", () => {
    start(AZURE_LIMITS);
    assert.equal(budget.enter(kind("PUT", CONTAINER), "create", true), undefined);
  });

  it("knows no limit of a cloud that states none", async () => {
    start(undefined);
    for (let index = 0; index < 2_000; index += 1) {
      assert.equal(budget.enter(kind("PUT", CONTAINER), "create", true), undefined);
    }
  });

  it("creates go before deletes that came earlier, and deletes before what runs in the background", async () => {
    start(TEN_WRITES);
    for (let index = 0; index < 10; index += 1) await call("create", kind("PUT", CONTAINER));
    const purposes = ["background", "delete", "create"] as const;
    const all = purposes.flatMap((purpose) => [1, 2, 3, 4].map(() => call(purpose, kind("PUT", CONTAINER))));
    await time.advance(2_100);
    await Promise.all(all);
    assert.deepEqual(
      entered.slice(10).map(({ purpose }) => purpose),
      [...Array(4).fill("create"), ...Array(4).fill("delete"), ...Array(4).fill("background")],
    );
  });

  it("deletes go on while there are always creates that wait: one of ten", async () => {
    start(TEN_WRITES);
    for (let index = 0; index < 10; index += 1) void call("delete", kind("DELETE", CONTAINER));
    for (let index = 0; index < 30; index += 1) void call("delete", kind("DELETE", CONTAINER));
    for (let second = 0; second < 14; second += 1) {
      for (let index = 0; index < 12; index += 1) void call("create", kind("PUT", CONTAINER));
      await time.advance(1_000);
    }
    const creates = sentOf("create").length;
    const deletes = sentOf("delete").length - 10;
    assert(deletes >= 12 && deletes <= 16, `${deletes} deletes beside ${creates} creates`);
    assert.equal(creates + deletes, 140);
  });

  it("what runs in the background goes on beside creates and deletes that always wait", async () => {
    start(TEN_WRITES);
    for (let index = 0; index < 10; index += 1) await call("create", kind("PUT", CONTAINER));
    for (let index = 0; index < 3; index += 1) void call("background", kind("PUT", CONTAINER));
    for (let second = 0; second < 10; second += 1) {
      for (let index = 0; index < 8; index += 1) void call("create", kind("PUT", CONTAINER));
      for (let index = 0; index < 8; index += 1) void call("delete", kind("DELETE", CONTAINER));
      await time.advance(1_000);
    }
    assert.equal(sentOf("background").length, 3);
  });

  it("a share of what takes long to come back is kept: an hour's writes are not all spent on deletes", async () => {
    start({ ...TEN_WRITES, storageWrites: [{ calls: 1_200, seconds: 3_600 }] });
    const refused = [];
    for (let index = 0; index < 1_200; index += 1) {
      const { failure } = await call("delete", kind("DELETE", CONTAINER));
      if (failure !== undefined) refused.push(failure);
    }
    assert.equal(sentOf("delete").length, 1_080);
    assert.equal(refused[0]?.says, "Azure Storage allows 1,200 writes an hour in a region");
    for (let index = 0; index < 120; index += 1) await call("create", kind("PUT", CONTAINER));
    assert.equal(sentOf("create").length, 120);
  });

  it("what gives way is never queued, and sent only while more than half is left", () => {
    start({ ...TEN_WRITES, armReads: { burst: 100, perSecond: 1 } });
    const of = kind("GET", ASSIGNMENT);
    const ask = () => budget.enter(of, "background", false);
    for (let index = 0; index < 50; index += 1) assert.equal(ask(), undefined);
    assert.match((ask() as Wait).says, /^Azure Resource Manager allows/);
    for (let index = 0; index < 50; index += 1) assert.equal(budget.enter(of, "create", true), undefined);
    assert.equal(time.sleepers(), 0);
  });

  it("fails at once what would have to wait longer than 15 s, and in time what has to wait longer than it seemed", async () => {
    start({ ...TEN_WRITES, storageWrites: [{ calls: 1, seconds: 1 }] });
    await call("create", kind("PUT", CONTAINER));
    const all = Array.from({ length: 40 }, () => call("background", kind("DELETE", CONTAINER)));
    await settle();
    assert.equal(entered.filter(({ failure }) => failure !== undefined).length, 40 - 15);
    for (let second = 0; second < 15; second += 1) {
      void call("create", kind("PUT", CONTAINER));
      await time.advance(1_000);
    }
    await Promise.all(all);
    const late = entered.filter(({ failure, at }) => failure !== undefined && at > 1_000);
    assert(late.length > 5, "creates have taken their turns");
    for (const { at, failure } of late) {
      assert.equal(at, 16_000);
      assert.equal(failure?.says, "Azure Storage allows 1 writes a second in a region");
    }
  });

  it("lets deletes wait for a minute and a half while nothing is created, and for 15 s otherwise", async () => {
    start({ ...TEN_WRITES, storageWrites: [{ calls: 1, seconds: 1 }] });
    await call("create", kind("PUT", CONTAINER));
    const inLine = (count: number) => Array.from({ length: count }, () => call("delete", kind("DELETE", CONTAINER)));
    const patient = inLine(100);
    await settle();
    assert.equal(entered.filter(({ failure }) => failure !== undefined).length, 100 - 90);
    void call("create", kind("PUT", CONTAINER));
    await Promise.all(inLine(1));
    assert.equal(entered.at(-1)?.failure?.says, "Azure Storage allows 1 writes a second in a region");
    for (let second = 0; second < 91; second += 1) await time.advance(1_000);
    await Promise.all(patient);
    assert(sentOf("delete").length >= 89);
  });

  it("finishes what has begun first, and lets it wait for two minutes instead of repeating it", async () => {
    start({ ...TEN_WRITES, storageWrites: [{ calls: 1, seconds: 1 }] });
    const work = (begunAt?: number): Work => ({ purpose: "create", begunAt });
    const of = kind("PUT", CONTAINER);
    await call("create", of);
    const order: string[] = [];
    const enter = (name: string, by: Work) =>
      Promise.resolve(budget.enter(of, "create", true, by)).then(() => order.push(name));
    const all = [enter("new", work()), enter("second", work(900)), enter("first", work(800))];
    await time.advance(12_000);
    await Promise.all(all);
    assert.deepEqual(order, ["first", "second", "new"]);
    await time.advance(10_000);
    await call("create", of);
    budget.stop(of.provider, 40_000);
    assert.equal((await budget.enter(of, "create", true))?.milliseconds, 40_000);
    const begun = budget.enter(of, "create", true, work(time.now() - 10_000));
    await time.advance(40_000);
    assert.equal(await begun, undefined);
  });

  it("begins nothing that would only join those that wait, or need what others of its purpose were refused", async () => {
    start({ ...TEN_WRITES, storageWrites: [{ calls: 10, seconds: 300 }] });
    const read = kind("GET", CONTAINER);
    const begin = (purpose: Purpose) => budget.enter(read, purpose, true, { purpose, begunAt: undefined });
    for (let index = 0; index < 10; index += 1) await call("create", kind("PUT", CONTAINER));
    assert.equal(begin("create"), undefined, "nobody of the purpose has needed a write");
    await call("create", kind("PUT", CONTAINER));
    const refused = (await begin("create")) as Wait;
    assert.equal(refused.says, "Azure Storage allows 10 writes in 5 min in a region");
    assert.equal(begin("delete"), undefined, "deletes have not needed one yet");
    await time.advance(300_000);
    assert.equal(begin("create"), undefined);
  });

  it("counts deletes of storage as writes, its lists apart from its reads, and roles by ARM alone", () => {
    start(AZURE_LIMITS);
    const names = (method: string, url: string) =>
      kind(method, url).limits.map(({ name: { by, operation } }) => `${by} ${operation}`);
    assert.deepEqual(names("DELETE", CONTAINER), ["arm delete", "microsoft.storage write"]);
    assert.deepEqual(names("GET", CONTAINER), ["arm read", "microsoft.storage read"]);
    assert.deepEqual(names("GET", `${ACCOUNT}/blobServices/default/containers?x=1`), [
      "arm read",
      "microsoft.storage list",
    ]);
    assert.deepEqual(names("PUT", ASSIGNMENT), ["arm write", "microsoft.authorization write"]);
    assert.equal(kind("PUT", CONTAINER).provider, kind("DELETE", CONTAINER).provider);
    assert.equal(kind("PUT", CONTAINER).arm, kind("PUT", ASSIGNMENT).arm);
  });

  it("counts each subscription and each region for itself, once an answer has shown where an account is", () => {
    start({ ...TEN_WRITES, storageReads: [{ calls: 1, seconds: 300 }] });
    const read = (url: string) => budget.enter(kind("GET", url), "create", false) === undefined;
    const shown = (url: string, location: string) =>
      budget.learn(targetOf("GET", url), JSON.stringify({ location, properties: {} }));
    const other = ACCOUNT.replace(/a$/, "b");
    assert(read(ACCOUNT));
    shown(ACCOUNT, "westeurope");
    assert(!read(CONTAINER), "counted where the first account is");
    shown(other, "northeurope");
    assert(read(other));
    assert(!read(other));
    assert(read(ACCOUNT.replace("/s/", "/another/")));
    budget.learn(targetOf("DELETE", other), "");
    assert(!read(other), "an account that is not known counts for the first region");
  });

  it("never sends more than the windows allow, in whatever order calls come, and serves all of them", async () => {
    const arrivals = fc.array(
      fc.record({
        purpose: fc.constantFrom<Purpose>("create", "delete", "background"),
        url: fc.constantFrom(CONTAINER, ASSIGNMENT),
        pause: fc.constantFrom(0, 0, 0, 50, 900),
      }),
      { minLength: 1, maxLength: 50 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (calls) => {
        start({ ...TEN_WRITES, armWrites: { burst: 6, perSecond: 5 }, storageWrites: [{ calls: 3, seconds: 1 }] });
        const sent: { readonly url: string; readonly at: number }[] = [];
        const all = [];
        for (const { purpose, url, pause } of calls) {
          const done = call(purpose, kind("PUT", url)).then(({ failure, at }) => {
            if (failure === undefined) sent.push({ url, at });
          });
          all.push(done);
          await time.advance(pause);
        }
        await time.advance(20_000);
        await Promise.all(all);
        const within = (times: readonly number[], from: number, ms: number) =>
          times.filter((each) => each >= from && each < from + ms).length;
        const containers = sent.filter(({ url }) => url === CONTAINER).map(({ at }) => at);
        for (const from of containers) assert(within(containers, from, 1_000) <= 3);
        const writes = sent.map(({ at }) => at);
        for (const from of writes) assert(within(writes, from, 2_000) <= 6 + 10);
        assert.equal(entered.length, calls.length);
        assert(budget.states().every(({ waiting }) => waiting === 0));
      }),
      { numRuns: 60 },
    );
  });
});
