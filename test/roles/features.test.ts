// With exactly the roles that `keyless-csi roles` prints, every feature works, and Azure refuses no call.
import assert from "node:assert/strict";
import { create, createRequest } from "../support/emulated-app.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { FEATURES, FLAGS, useVolume } from "./features.ts";

describe("with exactly the printed roles", () => {
  let app: GrantedApp;
  beforeEach(async () => {
    app = await startGrantedApp({ flags: FLAGS });
  });
  afterEach(() => app.stop());

  for (const [name, feature] of Object.entries(FEATURES)) {
    it(`${name}: works, and Azure refuses nothing`, async () => {
      app.forgetCalls();
      await feature(app);
      const refused = app.armCalls().filter(({ status }) => status === 401 || status === 403);
      assert.deepEqual(refused, []);
      assert.deepEqual(app.emulator.calls.report().alarms, [], "an account key was requested");
    });
  }

  it("a workload reads, writes, overwrites and deletes files of its volume", async () => {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    assert.deepEqual(await useVolume(app, id), { write: 201, overwrite: 201, read: 200, delete: 202 });
  });
});

describe("with the required roles and no optional role", () => {
  let app: GrantedApp;
  before(async () => {
    app = await startGrantedApp({ roles: ["--with="] });
  });
  after(() => app.stop());

  it("a volume for a principal is created and deleted", () => FEATURES["a volume for a principal"](app));
});
