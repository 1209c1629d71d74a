// What the request limits allow, and which calls came too early; and what the kernel says of a process.
import { deepEqual, equal } from "node:assert/strict";
import { parseFigures } from "../../../scripts/bench/process-figures.ts";
import { planFrom, requestsFor } from "../../../scripts/bench/references/plans.ts";
import { allowedSeconds, countTooEarly } from "../../../scripts/bench/request-limits.ts";
import type { LoggedCall } from "../../support/emulator-admin.ts";

const CONTAINER =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c";
const ASSIGNMENT = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/r`;

const many = (count: number, method: string, path: string) => Array.from({ length: count }, () => ({ method, path }));

describe("what the request limits allow", () => {
  it("is nothing for what fits into a burst, and the slowest limit's time otherwise", () => {
    equal(allowedSeconds(many(200, "PUT", ASSIGNMENT)), 0);
    equal(allowedSeconds(many(700, "PUT", ASSIGNMENT)), 50);
    equal(allowedSeconds(many(700, "DELETE", ASSIGNMENT)), 50);
    // Of the storage provider, whose deletions are writes: 10 a second.
    equal(allowedSeconds([...many(250, "PUT", CONTAINER), ...many(250, "DELETE", CONTAINER)]), 49);
    equal(allowedSeconds(many(801, "GET", CONTAINER)), 300);
    equal(allowedSeconds(many(101, "GET", CONTAINER.replace(/\/c$/, ""))), 300);
  });

  it("counts calls that came while a Retry-After ran, and not those that were under way", () => {
    const call = (at: number, more: Partial<LoggedCall> = {}): LoggedCall => {
      const time = new Date(at).toISOString();
      return { operation: "", method: "PUT", path: CONTAINER, status: 200, time, milliseconds: 50, ...more };
    };
    const refused = call(1000, { status: 429, retryAfterSeconds: 2 });
    equal(countTooEarly([refused, call(1020), call(3060)]), 0);
    equal(countTooEarly([refused, call(2000), call(3049)]), 2);
    equal(countTooEarly([call(2000, { path: ASSIGNMENT }), refused]), 0);
    equal(countTooEarly([call(2000, { method: "GET" }), refused]), 0);
  });
});

describe("the bare requests", () => {
  it("are those that a volume was counted to need", () => {
    const kinds = { "GET containers": 100, "PUT roleAssignments": 200, "POST sign-in": 1 };
    deepEqual(planFrom(kinds, 100), ["GET containers", "PUT roleAssignments", "PUT roleAssignments"]);
    const [get, put] = requestsFor(["GET containers", "PUT blob container"], "pvc-1");
    deepEqual([get?.method, get?.body], ["GET", undefined]);
    equal(put?.path, "/bare/pvc-1?restype=container");
  });
});

describe("a process's figures", () => {
  it("are user and system time, and resident memory now and at most", () => {
    const fields = ["S", ...Array.from({ length: 10 }, () => "0"), "150", "50", "0"].join(" ");
    const status = "Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n";
    deepEqual(parseFigures(`42 (a (b) c) ${fields}`, status), { cpuMs: 2000, residentMiB: 100, peakMiB: 200 });
  });
});
