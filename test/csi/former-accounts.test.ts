// An account that is recreated under its computed name: what Azure kept of the former one's role assignments ends at the first
// use, in whichever way the new account appears.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const SHARED = { isolation: "namespace", grantScope: "account" };

describe("an account that was deleted by hand and exists again", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  const start = async (settings: object = {}) => {
    // Each call asks ARM for the account, as a process does that sees it for the first time.
    app = await startEmulatedApp(["--account-cache", "0s"], {
      settings,
      clusterFor: (emulator) => {
        cluster = createFakeCluster(emulator.issuer.issuer);
        cluster.namespaces.set("demo", "uid-demo");
        for (const index of [0, 1]) {
          const identity = emulator.info.identities[index];
          cluster.serviceAccounts.set(`demo/${identity?.name}`, identity?.clientId ?? "");
        }
        return cluster;
      },
    });
  };
  afterEach(() => app.stop());

  function claim(index: number, parameters: Record<string, string>) {
    const uid = randomUUID();
    const name = `claim-${uid.slice(0, 8)}`;
    const annotate = (identity: number) =>
      cluster.claims.set(`demo/${name}`, {
        uid,
        isBoundLate: false,
        serviceAccount: app.emulator.info.identities[identity]?.name ?? "",
      });
    annotate(index);
    return {
      annotate,
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        identity: "serviceAccount",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": name,
        "csi.storage.k8s.io/pvc/namespace": "demo",
      },
    };
  }
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId ?? "";
  const accountOf = (id: string) => id.split("#")[1] ?? "";
  const held = (part: string) => heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.endsWith(part));
  const principalsAt = (part: string) => held(part).map(({ principalId }) => principalId);
  const lists = () => app.armCalls().filter(({ operation }) => operation === "roleAssignments/list").length;

  /** Deletes it as an administrator does, a second after its last use; Azure keeps its role assignments. */
  function deleteAccount(name: string) {
    const { accounts, containers } = app.emulator.world;
    const account = accounts.get(name) ?? assert.fail("no account");
    accounts.delete(name);
    for (const key of containers.keys()) if (key.startsWith(`${name}/`)) containers.delete(key);
    app.emulator.clock.advance(1_000);
    return account;
  }
  /** As another replica makes it. */
  function recreateElsewhere(name: string) {
    const account = deleteAccount(name);
    const createdAt = app.emulator.clock.now();
    app.emulator.world.accounts.set(name, { ...account, createdAt, readyAt: createdAt });
    app.emulator.clock.advance(1_000);
  }

  it("by another replica: the next volume in it is open to its own identity alone", async () => {
    await start();
    const name = accountOf((await create(app, claim(0, SHARED))).volume_id);
    recreateElsewhere(name);
    assert.deepEqual(principalsAt(name), [principal(0)], "Azure keeps them");
    assert.equal(accountOf((await create(app, claim(1, SHARED))).volume_id), name);
    assert.deepEqual(principalsAt(name), [principal(1)]);
  });

  it("by a call that may not follow its creation", async () => {
    await start({ pollNeedsRight: true });
    const name = accountOf((await create(app, claim(0, SHARED))).volume_id);
    deleteAccount(name);
    app.forgetCalls();
    await create(app, claim(1, SHARED));
    assert(
      app.armCalls().some(({ status: code }) => code === 403),
      "polling was refused",
    );
    assert.deepEqual(principalsAt(name), [principal(1)]);
  });

  it("after one attempt to end them has failed: that call is unfinished, and the next tries again", async () => {
    await start();
    const name = accountOf((await create(app, claim(0, SHARED))).volume_id);
    deleteAccount(name);
    app.emulator.faults.add({
      match: { method: "GET", operation: "roleAssignments/list" },
      action: { status: 403, code: "AuthorizationFailed" },
    });
    const request = claim(1, SHARED);
    await refused(app.csi.controller("CreateVolume", request), status.UNAVAILABLE, /listing the role assignments/);
    assert.deepEqual(principalsAt(name), [principal(0)]);
    await create(app, request);
    assert.deepEqual(principalsAt(name), [principal(1)]);
  });

  it("an old assignment of the same identity does not count as the new volume's own", async () => {
    await start();
    const name = accountOf((await create(app, claim(0, SHARED))).volume_id);
    recreateElsewhere(name);
    await create(app, claim(0, SHARED));
    const [present, ...more] = held(name);
    assert.deepEqual(more, []);
    const account = app.emulator.world.accounts.get(name);
    assert(present && account && present.createdAt > account.createdAt);
  });

  it("with a container of the same name: the old one's identity does not get the new one", async () => {
    // Azure may refuse to remove an assignment while its scope does not exist.
    await start({ vanishedDeleteRefused: true, absentDeleteRefused: true });
    const request = claim(0, { isolation: "volume" });
    const name = accountOf((await create(app, request)).volume_id);
    deleteAccount(name);
    request.annotate(1);
    assert.equal(accountOf((await create(app, request)).volume_id), name);
    assert.deepEqual(principalsAt(request.name), [principal(1)]);
  });

  it("what an administrator assigned stays, and so does what is younger than the account", async () => {
    await start();
    const name = accountOf((await create(app, claim(0, SHARED))).volume_id);
    const [old = assert.fail()] = held(name);
    const others = "12345678-1234-4234-8234-123456789012";
    app.emulator.world.roleAssignments.set(others, { ...old, name: others, principalId: randomUUID() });
    recreateElsewhere(name);
    await create(app, claim(1, SHARED));
    await create(app, claim(0, SHARED));
    const names = held(name).map((each) => each.name);
    assert.equal(names.length, 3);
    assert(names.includes(others));
  });

  it("one list for an account and process: claims that arrive together wait for it, later ones need none", async () => {
    await start();
    await create(app, claim(0, { isolation: "namespace" }));
    const pool = { tags: "test=once" };
    app.forgetCalls();
    await Promise.all(Array.from({ length: 20 }, () => create(app, claim(0, pool))));
    assert.equal(lists(), 1);
    await create(app, claim(0, pool));
    await create(app, claim(0, { isolation: "namespace" }));
    assert.equal(lists(), 1);
  });
});
