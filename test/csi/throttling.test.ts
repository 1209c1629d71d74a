// Azure asks to slow down: no call before Retry-After has passed, by anybody, and a long wait is reported instead of waited for.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

describe("throttling", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
    await create(app, createRequest(app.emulator));
  });
  afterEach(() => app.stop());
  const throttle = (seconds: number, times: number) =>
    app.emulator.faults.add({
      match: { method: "PUT", path: "/containers/pvc-[^/]*\\?" },
      times,
      action: { status: 429, code: "TooManyRequests", headers: { "retry-after": String(seconds) } },
    });
  const puts = () =>
    app.armCalls().filter(({ method, operation }) => method === "PUT" && operation.startsWith("containers/"));

  it("a short wait is waited out, and the volume created", async () => {
    throttle(1, 1);
    app.forgetCalls();
    await create(app, createRequest(app.emulator));
    assert.deepEqual(
      puts().map(({ status: code }) => code),
      [429, 201],
    );
  });

  it("a long wait is reported at once, and the next volumes send nothing until it has passed", async () => {
    throttle(300, 1);
    app.forgetCalls();
    const told = { code: status.UNAVAILABLE, details: /Azure asks to wait up to \d+ min/ };
    await assert.rejects(create(app, createRequest(app.emulator)), told);
    await Promise.all(Array.from({ length: 20 }, () => assert.rejects(create(app, createRequest(app.emulator)), told)));
    assert.equal(puts().length, 1, "one call was answered 429, and no other sent");
  });
});
