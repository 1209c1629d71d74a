// Kubernetes counts an event whose message stays the same, and writes a new one when it differs: every reason is provoked twice,
// and the second message is the first.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { FaultAction } from "../../src/emulator/faults/faults.ts";
import { REASONS, type Reason } from "../../src/errors.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { linesOf } from "../support/audit.ts";
import { create, createRequest, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";

/** Served by gRPC itself, which knows no call. */
const BY_GRPC: readonly Reason[] = ["Unsupported"];

describe("the message of a failure", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster(["--account-cache", "1ms"], {
      // A sign-in at the start that is late on a busy machine would be another failure.
      patience: { retryDelayMs: 5, signInMs: 4_000 },
    }));
  });
  afterEach(() => app.stop());

  type Attempt = () => Promise<unknown>;
  const fault = (operation: string, action: FaultAction, service = "arm") =>
    app.emulator.faults.add({ match: { service, operation }, times: -1, action });
  const request = (parameters: Record<string, string> = {}, size = 2 ** 30) =>
    createRequest(app.emulator, parameters, { capacity_range: { required_bytes: String(size) } });
  const expand = (id: string, bytes: number) => () =>
    app.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: { required_bytes: String(bytes) } });
  const remove = (id: string) => () => app.csi.controller("DeleteVolume", { volume_id: id });
  /** An attempt at making one volume, again and again. */
  const creating = (parameters: Record<string, string> = {}): Attempt => {
    const same = request(parameters);
    return () => create(app, same);
  };
  const creatingDespite = (operation: string, action: FaultAction) => {
    fault(operation, action);
    return creating();
  };

  /** What provokes each reason; more than one where the words come from different places. */
  const PROVOKED: Readonly<Record<Exclude<Reason, "Unsupported">, Record<string, () => Attempt | Promise<Attempt>>>> = {
    InvalidRequest: {
      "unknown parameters": () => creating({ b: "1", a: "2", clientID: "x" }),
      "a refusal by Azure": () =>
        creatingDespite("storageAccounts/create", { status: 400, code: "InvalidAccountType" }),
    },
    OutOfRange: {
      "a size": async () => expand((await create(app, request())).volume_id, 2 ** 53 - 1),
    },
    NotFound: {
      "an id": () => expand(`keyless#klaaaaaaaaaaaaaaaaaaaaaa#pvc-1###${app.emulator.info.subscriptionId}`, 2 ** 31),
    },
    Incompatible: {
      "another size": async () => {
        const first = request();
        await create(app, first);
        return () => create(app, { ...first, capacity_range: { required_bytes: String(2 ** 33) } });
      },
    },
    InUse: {
      "a PersistentVolume": async () => {
        const own = request();
        const { volume_id: id } = await create(app, own);
        cluster.volumes.add(own.name ?? "");
        return remove(id);
      },
      "a lock": async () => {
        const { volume_id: id } = await create(app, request());
        fault("containers/delete", { status: 409, code: "ScopeLocked", message: "locked" });
        return remove(id);
      },
    },
    NotOurs: {
      "a resource group": () =>
        remove(`elsewhere#klaaaaaaaaaaaaaaaaaaaaaa#pvc-1###${app.emulator.info.subscriptionId}`),
    },
    Forbidden: {
      "a missing right": () => creatingDespite("storageAccounts/create", { status: 403, code: "AuthorizationDenied" }),
    },
    Unauthenticated: {
      "a token that ARM refuses": () =>
        creatingDespite("storageAccounts/get", { status: 401, code: "ExpiredAuthenticationToken" }),
    },
    QuotaExhausted: {
      "the role assignments of a subscription": () =>
        creatingDespite("roleAssignments/create", { status: 400, code: "RoleAssignmentLimitExceeded" }),
      "the accounts of a subscription": () =>
        creatingDespite("storageAccounts/create", {
          status: 409,
          code: "MaxStorageAccountsCountPerSubscriptionExceeded",
        }),
    },
    Misconfigured: {
      "an identity that trusts nobody": () => {
        const uid = randomUUID();
        cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount: "x" });
        cluster.serviceAccounts.set("demo/x", app.emulator.info.identities[0]?.clientId ?? "");
        const claim = { "csi.storage.k8s.io/pvc/name": uid, "csi.storage.k8s.io/pvc/namespace": "demo" };
        const same = { ...request(), name: `pvc-${uid}`, parameters: { identity: "serviceAccount", ...claim } };
        return () => create(app, same);
      },
      "an account that is open in several ways": async () => {
        const first = request();
        await create(app, first);
        const [account] = app.emulator.world.accounts.values();
        assert(account);
        const same = request();
        return () => {
          account.properties["allowBlobPublicAccess"] = true;
          account.properties["allowSharedKeyAccess"] = true;
          return create(app, same);
        };
      },
      "a policy": () => creatingDespite("storageAccounts/create", { status: 403, code: "RequestDisallowedByPolicy" }),
    },
    Busy: {
      "another request": () => {
        fault("storageAccounts/get", { delay: 1_000 });
        const first = request();
        void create(app, first).catch(() => undefined);
        return () => create(app, { ...first, capacity_range: { required_bytes: String(2 ** 33) } });
      },
    },
    BadPageToken: {
      "a token": () => () => app.csi.controller("ListVolumes", { starting_token: "x" }),
    },
    Throttled: {
      "a long wait": () => creatingDespite("containers/create", { status: 429, headers: { "retry-after": "300" } }),
    },
    Unavailable: {
      "an outage": () => creatingDespite("containers/get", { status: 503, message: "later" }),
      "a connection that breaks": () => creatingDespite("storageAccounts/get", { reset: "before" }),
      "half an answer": () => creatingDespite("containers/get", { truncate: 9 }),
    },
    DeadlineExceeded: {
      "a sign-in without an answer": () => {
        fault("token", { hang: "forever" }, "entra");
        app.emulator.faults.add({ match: { service: "arm" }, times: -1, action: { status: 401, message: "again" } });
        return creating();
      },
    },
    Internal: {
      "a fault of this program": () => {
        cluster.findCsiDriver = () => Promise.reject(new TypeError("a bug"));
        return creating();
      },
    },
  };

  for (const field of ["parameters", "mutable_parameters"] as const) {
    it(`stays the same when Go sends the ${field} in another order`, async () => {
      const given = Object.entries({ shareName: "a", keyVaultURL: "b", mountOptions: "c", nosuch: "d", other: "e" });
      const orders = [given, given.toReversed(), [...given.slice(2), ...given.slice(0, 2)]];
      const same = request();
      const messages: string[] = [];
      for (const entries of orders) {
        messages.push(await messageOf(create(app, { ...same, [field]: Object.fromEntries(entries) })));
      }
      assert.match(messages[0] ?? "", /nosuch/);
      assert.deepEqual(messages, Array(orders.length).fill(messages[0]));
    });
  }

  for (const reason of REASONS.filter((each) => !BY_GRPC.includes(each))) {
    for (const [what, provoke] of Object.entries(PROVOKED[reason as keyof typeof PROVOKED])) {
      it(`stays the same: ${reason}, ${what}`, async () => {
        const attempt = await provoke();
        const messages: string[] = [];
        // The first attempt may meet what later ones find already there.
        for (let times = 0; times < 3; times++) messages.push(await messageOf(attempt()));
        const reasons = linesOf(app.log()).filter(({ message }) => message === "call failed");
        assert.equal(reasons.at(-1)?.["reason"], reason, messages[0]);
        const [first, second, third] = messages;
        if (reason === "Internal") assert.match(first ?? "", / \(call [0-9a-f-]{36}\)$/);
        else assert.doesNotMatch(messages.join(), /\(call |[0-9a-f]{8}-[0-9a-f-]{27}:\d|\d{4}-\d\d-\d\dT/);
        const withoutCall = (message = "") => message.replace(/ \(call [^)]*\)$/, "");
        assert.equal(withoutCall(second), withoutCall(first));
        assert.equal(withoutCall(third), withoutCall(first));
      }).timeout(60_000);
    }
  }
});

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => assert.fail("it worked"),
    (error: { code: status; details: string }) => `${status[error.code]}: ${error.details}`,
  );
}
