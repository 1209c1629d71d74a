// What the answers of Azure change: what is left can only become less, and after a Retry-After nothing is sent to what asked
// for it until it has passed.
import assert from "node:assert/strict";
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelinePolicy,
  type PipelineResponse,
  type RestError,
} from "@azure/core-rest-pipeline";
import { type Budget, createBudget } from "../../../../src/azure/budget/budget.ts";
import { createBudgetPolicy } from "../../../../src/azure/budget/policy.ts";
import { runFor } from "../../../../src/concurrency/purpose.ts";
import { AZURE_LIMITS } from "../../../../src/text/azure-limits.ts";
import { createFakeTime, type FakeTime, settle } from "../../../support/fake-time.ts";

const GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/a`;
const CONTAINER = `${ACCOUNT}/blobServices/default/containers/c`;
const ASSIGNMENT = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/r`;
const READS = "x-ms-ratelimit-remaining-subscription-reads";

describe("answers of Azure and the budget", () => {
  const never = new AbortController().signal;
  let time: FakeTime;
  let budget: Budget;
  let policy: PipelinePolicy;
  let metrics: PipelinePolicy;
  /** Paths of what was sent, with the time. */
  let sent: string[];
  let answer: { status: number; headers: Record<string, string>; body: string };
  beforeEach(() => {
    time = createFakeTime();
    budget = createBudget({ now: time.now, sleep: (ms) => time.sleep(ms, never), limits: AZURE_LIMITS });
    policy = createBudgetPolicy({ budget, now: time.now });
    metrics = createBudgetPolicy({ budget, now: time.now, givesWay: true });
    sent = [];
    answer = { status: 200, headers: {}, body: "{}" };
  });

  const send = (method: HttpMethods, url: string, by = policy) =>
    by.sendRequest(createPipelineRequest({ method, url }), async (request): Promise<PipelineResponse> => {
      sent.push(`${(time.now() - 1_000) / 1000} s ${method} ${url.slice(url.lastIndexOf("/"))}`);
      const { status, headers, body } = answer;
      answer = { status: 200, headers: {}, body: "{}" };
      return { request, status, headers: createHttpHeaders(headers), bodyAsText: body };
    });
  const throttle = (seconds: number, code = "TooManyRequests") => {
    answer = { status: 429, headers: { "retry-after": String(seconds) }, body: JSON.stringify({ error: { code } }) };
  };
  const says = (message: string) => (error: RestError) => {
    assert.equal(error.message, message);
    assert.equal(error.statusCode, 429);
    assert.equal(error.code, "TooManyRequests");
    return true;
  };
  const left = (operation: string) =>
    budget.states().find((each) => each.operation === operation && each.by === "arm")?.left;

  it("nothing of the kind is sent before a Retry-After has passed, and then in order", async () => {
    throttle(10);
    assert.equal((await send("PUT", `${CONTAINER}1`)).status, 429);
    const all = [send("PUT", `${CONTAINER}2`)];
    await time.advance(1);
    all.push(send("DELETE", `${CONTAINER}3`));
    await time.advance(1);
    all.push(send("PUT", `${CONTAINER}4`));
    await time.advance(9_997);
    assert.equal(sent.length, 1);
    await time.advance(1);
    await Promise.all(all);
    assert.deepEqual(sent.slice(1), ["10 s PUT /c2", "10 s DELETE /c3", "10 s PUT /c4"]);
  });

  it("a Retry-After stops its kind only: not reads, not another provider, not another subscription", async () => {
    throttle(300);
    await assert.rejects(send("PUT", CONTAINER), says("Azure asks to wait up to 5 min"));
    await assert.rejects(send("PUT", CONTAINER), says("Azure asks to wait up to 5 min"));
    await assert.rejects(send("DELETE", CONTAINER), says("Azure asks to wait up to 5 min"));
    sent = [];
    await send("GET", CONTAINER);
    await send("PUT", ASSIGNMENT);
    await send("PUT", CONTAINER.replace("/s/", "/other/"));
    assert.equal(sent.length, 3);
  });

  it("a Retry-After of Resource Manager itself stops the operation for all providers", async () => {
    throttle(300, "SubscriptionRequestsThrottled");
    await assert.rejects(send("PUT", CONTAINER), says("Azure asks to wait up to 5 min"));
    await assert.rejects(send("PUT", ASSIGNMENT), says("Azure asks to wait up to 5 min"));
    await send("DELETE", ASSIGNMENT);
    assert.equal(sent.length, 2);
  });

  it("a shorter Retry-After does not end a longer one that was asked for before", async () => {
    throttle(12);
    await send("PUT", CONTAINER);
    budget.stop(budget.of({ ...TARGET, operation: "write" }).provider, 2_000);
    const next = send("PUT", CONTAINER);
    await time.advance(11_000);
    assert.equal(sent.length, 1);
    await time.advance(1_000);
    await next;
    assert.equal(sent.length, 2);
  });

  it("what Azure says is left lowers the count: others spend from it too", async () => {
    answer.headers = { [READS]: "3" };
    await send("GET", ASSIGNMENT);
    assert.equal(left("read"), 4);
    answer.headers = { [READS]: "200" };
    await send("GET", ASSIGNMENT);
    assert.equal(left("read"), 3, "and never raises it");
    answer.headers = { "x-ms-ratelimit-remaining-subscription-global-reads": "0" };
    await send("GET", ASSIGNMENT);
    assert.equal(left("read"), 1);
    answer.headers = { [READS]: "many" };
    await send("GET", ASSIGNMENT);
    const next = send("GET", ASSIGNMENT);
    await time.advance(39);
    assert.equal(sent.length, 4);
    await time.advance(1);
    await next;
    assert.equal(left("write"), undefined, "no write was made");
  });

  it("metrics are sent only while more than half is left, and what is asked of them stops no volume", async () => {
    throttle(300);
    await assert.rejects(send("GET", ASSIGNMENT, metrics), says("Azure asks to wait up to 5 min"));
    await assert.rejects(send("GET", ASSIGNMENT, metrics), says("Azure asks to wait up to 5 min"));
    assert.equal(sent.length, 1);
    await send("GET", ASSIGNMENT);
    assert.equal(sent.length, 2);
    await time.advance(300_000);
    await send("GET", ASSIGNMENT, metrics);
    answer.headers = { [READS]: "120" };
    await send("GET", ASSIGNMENT);
    const used =
      "Azure Resource Manager allows reads of 250 at once and 25 a second in a subscription: this call can be sent within 1 min";
    await assert.rejects(send("GET", ASSIGNMENT, metrics), says(used));
    await send("GET", ASSIGNMENT);
  });

  it("metrics are not sent while volumes have to wait", async () => {
    throttle(300);
    await assert.rejects(send("GET", ASSIGNMENT));
    await assert.rejects(send("GET", ASSIGNMENT, metrics), says("Azure asks to wait up to 5 min"));
    assert.equal(sent.length, 1);
  });

  it("the end of a refused call lets nobody go whose timer is late", async () => {
    let now = 0;
    const limits = { ...AZURE_LIMITS, armReads: { burst: 1, perSecond: 1 } };
    const late = createBudget({ now: () => now, sleep: () => new Promise(() => undefined), limits });
    const by = createBudgetPolicy({ budget: late, now: () => now });
    const refused = Promise.withResolvers<void>();
    const first = by.sendRequest(createPipelineRequest({ url: ASSIGNMENT }), async (request) => {
      await refused.promise;
      return { request, status: 429, headers: createHttpHeaders({ "retry-after": "10" }), bodyAsText: "" };
    });
    let isSent = false;
    void by.sendRequest(createPipelineRequest({ url: ASSIGNMENT }), async () => {
      isSent = true;
      throw new Error("sent");
    });
    now = 5_000;
    refused.resolve();
    assert.equal((await first).status, 429);
    await settle();
    assert.equal(isSent, false);
  });

  it("a call that gets no answer has ended all the same", async () => {
    const cut = policy.sendRequest(createPipelineRequest({ method: "PUT", url: CONTAINER }), async () => {
      throw new Error("connection cut");
    });
    await assert.rejects(cut, /connection cut/);
    await time.advance(1_000);
    assert.equal(budget.states().find(({ by }) => by === "microsoft.storage")?.left, 10);
  });

  it("work for a delete and in the background is what was stated for it", async () => {
    for (let index = 0; index < 1_200; index += 1) {
      await send("PUT", CONTAINER);
      if (index % 10 === 9) await time.advance(1_000);
    }
    await assert.rejects(send("PUT", CONTAINER), says(HOURLY));
    await time.advance(3_600_000);
    for (let index = 0; index < 600; index += 1) {
      await runFor("background", () => send("PUT", CONTAINER));
      if (index % 10 === 9) await time.advance(1_000);
    }
    await assert.rejects(
      runFor("background", () => send("PUT", CONTAINER)),
      says(HOURLY),
    );
    await runFor("delete", () => send("DELETE", CONTAINER));
  });
});

const HOURLY = "Azure Storage allows 1,200 writes an hour in a region: this call can be sent within 60 min";
const TARGET = {
  subscriptionId: "s",
  provider: "microsoft.storage",
  type: "storageaccounts",
  account: "a",
  isAccount: false,
  location: "",
} as const;
