// What each SDK client makes of each failure that this program's own policies throw: two generations of Azure's core
// libraries are in use, and both must hand the failure on as it is.
import assert from "node:assert/strict";
import { createAccounts } from "../../src/azure/accounts.ts";
import { createIdentities } from "../../src/azure/identities.ts";
import { createRoleAssignments } from "../../src/azure/role-assignments.ts";
import { TIME_LIMITS, type TimeLimits } from "../../src/azure/time-limits.ts";
import { BLOB_ACCOUNTS } from "../../src/backend/blob/account-shape.ts";
import type { FaultAction } from "../../src/emulator/faults/faults.ts";
import { DriverError, type Reason } from "../../src/errors.ts";
import { describeError } from "../../src/telemetry/redaction.ts";
import { type EmulatedArm, startEmulatedArm } from "../support/emulated-arm.ts";

describe("a failure of Azure", function () {
  this.timeout(30_000);
  let azure: EmulatedArm;
  beforeEach(async () => {
    azure = await startEmulatedArm();
  });
  afterEach(() => azure.stop());

  /** One call of each kind and each client, by the adapters' own methods. */
  function operations(limits: Partial<TimeLimits> = {}): Readonly<Record<string, () => Promise<unknown>>> {
    const { now, emulator, connect } = azure;
    const { subscriptionId, resourceGroup, location } = emulator.info;
    const timeLimits = { ...TIME_LIMITS, ...limits };
    const [known] = emulator.info.identities;
    assert(known);
    // Connections of their own: what one is asked to wait is not waited for by the next.
    const options = () => ({ arm: connect({ timeLimits }), rememberMs: 60_000, now, sleep: async () => undefined });
    const accounts = () => createAccounts({ ...options(), shaping: BLOB_ACCOUNTS });
    const ref = { subscriptionId, resourceGroup, name: "failures" };
    const spec = { location, tags: {}, shape: { skuName: "Standard_LRS" } };
    const roles = () => createRoleAssignments({ ...options(), roleIds: [], rolesCommand: () => "keyless-csi roles" });
    const { principalId, clientId, resourceId } = known;
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    const assignment = { name: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", scope, roleId: principalId, principalId };
    const identities = () => createIdentities({ ...options(), scopes: [{ subscriptionId }] });
    const identity = { id: resourceId, clientId, tenantId: emulator.info.tenantId, principalId, tags: {} };
    const trust = { issuer: "https://issuer", subject: "system:serviceaccount:a:b", audience: "c" };
    return {
      "storage: GET": () => accounts().find(ref),
      "storage: list": () => accounts().list(ref),
      "storage: PUT": () => accounts().create(ref, spec),
      "storage: DELETE": () => accounts().remove(ref),
      "authorization: GET": () => roles().find(scope, assignment.name),
      "authorization: list": () => roles().listAtAndAbove(scope),
      "authorization: PUT": () => roles().create(assignment, "description"),
      "authorization: DELETE": () => roles().remove(assignment),
      "authorization: GET of a role": () => roles().findRole(ref, [principalId]),
      "identity: list": () => identities().findByClientId(clientId),
      "identity: list of credentials": () => identities().trusts(identity, trust),
      "identity: PUT": () => identities().addTrust(identity, trust, "name"),
      "identity: DELETE": () => identities().removeCredential({ identity, name: "name", trust }),
    };
  }

  interface Failure {
    readonly action: FaultAction;
    readonly reason: Reason;
    readonly words: RegExp;
    /** What the log says besides: it differs from attempt to attempt. */
    readonly logged?: RegExp;
    /** Requests that one operation may send; undefined: as many as the SDK repeats it. */
    readonly sent?: number;
  }
  const waits = (status: number, headers: Record<string, string>, minutes: string, seconds: string): Failure => ({
    action: { status, code: "TooManyRequests", headers },
    reason: "Throttled",
    words: new RegExp(`TooManyRequests, HTTP 429\\): Azure asks to wait up to ${minutes} min; it is tried again`),
    logged: new RegExp(`caused by ${seconds} s of it are left`),
    sent: 1,
  });
  const failures: Readonly<Record<string, Failure>> = {
    "429 with a long Retry-After": waits(429, { "retry-after": "300" }, "5", "300"),
    "503 with a long Retry-After": waits(503, { "retry-after": "300" }, "5", "300"),
    "429 with a date as Retry-After": waits(
      429,
      // Set when the file is read: its test may come at once, or in a long run half an hour later.
      { "retry-after": new Date(Date.now() + 2_990_000).toUTCString() },
      "60",
      "[12]\\d{3}",
    ),
    "429 with a wait in milliseconds": waits(429, { "x-ms-retry-after-ms": "16000", "retry-after": "1" }, "1", "16"),
    "429 with a wait without end": waits(429, { "retry-after": "999999999999" }, "60", "3600"),
    "429 without Retry-After": {
      action: { status: 429, code: "TooManyRequests", message: "Too many." },
      reason: "Throttled",
      // The newer SDK puts words of its own in place of Azure's when a list fails.
      words:
        /TooManyRequests, HTTP 429\): (Too many|Pagination failed with unexpected statusCode 429); it is tried again/,
    },
    "429 without a body": {
      action: { status: 429, body: "" },
      reason: "Throttled",
      words: /HTTP 429\)/,
    },
    "an answer without end": {
      action: { status: 200, bodyBytes: 40_000_000, headers: { "content-type": "application/json" } },
      reason: "Unavailable",
      words: /PARSE_ERROR.*the answer has more than 33554432 bytes/,
    },
  };

  for (const [what, { action, reason, words, logged = /./, sent }] of Object.entries(failures)) {
    it(`${what} is reported as it is by every client`, async () => {
      for (const [name, ask] of Object.entries(operations())) {
        azure.emulator.calls.clear();
        azure.emulator.faults.add({ match: { service: "arm" }, times: -1, action });
        const error = await ask().then(
          () => assert.fail(`${name} worked`),
          (thrown: unknown) => thrown,
        );
        azure.emulator.faults.clear();
        assert(error instanceof DriverError, `${name}: ${error}`);
        assert.match(error.message, words, name);
        assert.match(describeError(error), logged, name);
        assert.doesNotMatch(error.message, /TypeError|undefined/, name);
        assert.equal(error.reason, reason, `${name}: ${error.message}`);
        if (sent !== undefined) assert.equal(azure.calls().length, sent, name);
      }
    });
  }

  it("a wait that one call was asked for fails the next calls of its kind, without sending them", async () => {
    const { subscriptionId, resourceGroup } = azure.emulator.info;
    const scope = `subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    const { authorization, storage, identity } = azure.arm.subscription(subscriptionId);
    const asks = {
      authorization: () => authorization.roleAssignments.listForScope(scope).next(),
      storage: () => storage.storageAccounts.listByResourceGroup(resourceGroup).next(),
      identity: () => identity.userAssignedIdentities.listBySubscription().next(),
    };
    azure.emulator.faults.add({
      match: { service: "arm" },
      times: 3,
      action: { status: 429, code: "TooManyRequests", headers: { "retry-after": "300" } },
    });
    const left = (seconds: number) => (error: Error) =>
      error.message === "Azure asks to wait up to 5 min" &&
      describeError(error.cause) === `${seconds} s of it are left`;
    for (const ask of Object.values(asks)) await assert.rejects(ask(), left(300));
    azure.clock.ms += 100_000;
    for (const ask of Object.values(asks)) await assert.rejects(ask(), left(200));
    assert.equal(azure.calls().length, 3);
    azure.clock.ms += 200_000;
    for (const ask of Object.values(asks)) await ask();
  });

  it("an answer that does not come is reported as a time limit by every client", async () => {
    azure.emulator.faults.add({ match: { service: "arm" }, times: -1, action: { hang: "forever" } });
    const reads = Object.entries(operations({ read: 1_000, list: 1_000 })).filter(([name]) => /GET$|list$/.test(name));
    assert.equal(reads.length, 5);
    await Promise.all(
      reads.map(async ([name, ask]) => {
        const failed = { reason: "DeadlineExceeded", message: /no answer within the time limit; it is tried again/ };
        await assert.rejects(ask(), failed, name);
      }),
    );
  });
});
