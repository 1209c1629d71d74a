import assert from "node:assert/strict";
import { createSingleFlight } from "../../../src/concurrency/single-flight.ts";
import { DriverError } from "../../../src/errors.ts";

describe("a single flight", () => {
  it("runs once for callers of the same key, and again after it has ended", async () => {
    const flight = createSingleFlight<number>();
    let runs = 0;
    const work = async () => (runs += 1);
    assert.deepEqual(
      await Promise.all([flight.run("a", work), flight.run("a", work), flight.run("b", work)]),
      [1, 1, 2],
    );
    assert.equal(await flight.run("a", work), 3);
  });

  it("gives a failure to everyone who joined, and the next caller a run of its own", async () => {
    const flight = createSingleFlight<string>();
    const fail = () => Promise.reject(new Error("no"));
    const joined = [flight.run("a", fail), flight.run("a", async () => "not run")];
    for (const each of joined) await assert.rejects(each, /no/);
    assert.equal(await flight.run("a", async () => "run"), "run");
  });

  it("refuses another request for a busy key as Busy and names the key", async () => {
    const flight = createSingleFlight<string>("volume");
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = flight.run(
      "pvc-1",
      () => promise,
      () => "create",
    );
    await assert.rejects(
      flight.run(
        "pvc-1",
        async () => "not run",
        () => "delete",
      ),
      (error) => error instanceof DriverError && error.reason === "Busy" && error.message.includes("volume pvc-1"),
    );
    assert.equal(
      flight.run(
        "pvc-1",
        async () => "not run",
        () => "create",
      ),
      first,
    );
    resolve("created");
    assert.equal(await first, "created");
  });

  it("counts running flights and reports when none is left", async () => {
    const flight = createSingleFlight<void>();
    const slow = Promise.withResolvers<void>();
    const running = flight.run("a", () => slow.promise);
    assert.equal(flight.count(), 1);
    let isIdle = false;
    const idle = flight.idle().then(() => (isIdle = true));
    await Promise.resolve();
    assert.equal(isIdle, false);
    slow.resolve();
    await Promise.all([running, idle]);
    assert.equal(flight.count(), 0);
  });
});
