// --manage-federated-credentials: the controller writes the trust that an identity's own tag allows, and no other.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { hashOf } from "../../src/volume/names.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("federated credentials that the controller writes", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster(["--manage-federated-credentials"]));
    cluster.serviceAccounts.set("team/app", app.emulator.info.identities[0]?.clientId ?? "");
    cluster.serviceAccounts.set("team/second", app.emulator.info.identities[0]?.clientId ?? "");
    identity().federatedCredentials.clear();
  });
  afterEach(() => app.stop());

  const identity = () =>
    [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a") ?? assert.fail("no identity");
  const tag = () => `keyless-csi.${hashOf(app.emulator.issuer.issuer).slice(0, 16)}`;

  function claim(serviceAccount: string) {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        identity: "serviceAccount",
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    };
  }

  it("a ServiceAccount in the tag gets one credential, however many volumes, and its token works", async () => {
    identity().tags = { [tag()]: "other/x, team/app" };
    const volume = await create(app, claim("app"));
    await create(app, claim("app"));
    const credentials = [...identity().federatedCredentials.values()];
    assert.deepEqual(
      credentials.map(({ issuer, subject, audiences }) => ({ issuer, subject, audiences })),
      [
        {
          issuer: app.emulator.issuer.issuer,
          subject: "system:serviceaccount:team:app",
          audiences: ["api://AzureADTokenExchange"],
        },
      ],
    );
    assert.match(credentials[0]?.name ?? "", /^keyless-csi-[a-z2-7]{40}$/);
    assert.equal(volume.volume_context["clientID"], identity().clientId);
  });

  it("namespace/* lists every ServiceAccount of it", async () => {
    identity().tags = { [tag()]: "team/*" };
    await Promise.all([create(app, claim("app")), create(app, claim("second"))]);
    assert.equal(identity().federatedCredentials.size, 2);
  });

  for (const [what, value] of [
    ["no tag", undefined],
    ["another ServiceAccount", "team/application"],
    ["another namespace", "team2/app"],
    ["a pattern that we do not know", "*/app"],
    ["a wildcard for all", "*"],
  ] as const) {
    it(`${what}: refused, and nothing is written`, async () => {
      identity().tags = value === undefined ? {} : { [tag()]: value };
      await refused(
        create(app, claim("app")),
        status.FAILED_PRECONDITION,
        /or list the ServiceAccount in the identity's tag keyless-csi\./,
      );
      assert.equal(identity().federatedCredentials.size, 0);
      assert.equal(app.emulator.world.accounts.size, 0);
    });
  }

  it("the tag of another cluster's issuer does not count", async () => {
    identity().tags = { [`keyless-csi.${hashOf("https://other").slice(0, 16)}`]: "team/*" };
    await refused(create(app, claim("app")), status.FAILED_PRECONDITION, /does not trust/);
  });

  it("Azure's limit of 20 is reported with the way out", async () => {
    identity().tags = { [tag()]: "team/*" };
    for (let count = 0; count < 20; count++) {
      const name = `other-${count}`;
      identity().federatedCredentials.set(name, { name, issuer: "https://x", subject: `s${count}`, audiences: ["a"] });
    }
    await refused(
      create(app, claim("app")),
      status.RESOURCE_EXHAUSTED,
      /has 20 federated credentials, Azure's limit: remove one/,
    );
    assert.equal(app.emulator.world.accounts.size, 0);
  });

  it("has the audience of --token-audience, which the ServiceAccount's token must have too, and the log says what that means", async () => {
    await app.stop();
    const audience = "api://AzureADTokenExchangeChina";
    const flags = ["--manage-federated-credentials", "--token-audience", audience];
    ({ app, cluster } = await startAppInCluster(flags));
    const { clientId } = identity();
    for (const name of ["app", "second"]) cluster.serviceAccounts.set(`team/${name}`, clientId);
    const driver = cluster.csiDrivers.get("keyless.blob.csi") ?? assert.fail("no driver");
    cluster.csiDrivers.set("keyless.blob.csi", { ...driver, tokenRequests: [{ audience }] });
    identity().tags = { [tag()]: "team/app" };
    // A credential for another audience is not one that this token could use.
    const subject = "system:serviceaccount:team:second";
    const { issuer } = app.emulator.issuer;
    const other = { name: "other", issuer, subject, audiences: ["api://AzureADTokenExchange"] };
    identity().federatedCredentials.set("other", other);
    await refused(create(app, claim("second")), status.FAILED_PRECONDITION, `and audience ${audience}`);
    await create(app, claim("app"));
    const written = [...identity().federatedCredentials.values()].filter(
      (each) => each.subject === "system:serviceaccount:team:app",
    );
    assert.deepEqual(
      written.map(({ audiences }) => audiences),
      [[audience]],
    );
    assert.match(app.log(), /--token-audience is api:..AzureADTokenExchangeChina: the OSS blob node plugin reads only/);
  });

  it("a lock on an identity that is full is reported as a lock", async () => {
    identity().tags = { [tag()]: "team/*" };
    for (let count = 0; count < 20; count++) {
      const name = `other-${count}`;
      identity().federatedCredentials.set(name, { name, issuer: "https://x", subject: `s${count}`, audiences: ["a"] });
    }
    app.emulator.faults.add({
      match: { method: "PUT", path: "/federatedIdentityCredentials/" },
      times: -1,
      action: { status: 409, code: "ScopeLocked", message: "Locked." },
    });
    await refused(
      create(app, claim("app")),
      status.FAILED_PRECONDITION,
      /ScopeLocked, HTTP 409\): Locked; the lock's holder/,
    );
    assert.equal(identity().federatedCredentials.size, 20);
  });
});
