// CreateVolume with --container-api=blob, when the account's Blob service refuses or cannot be reached.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers } from "../support/held.ts";

const QUICK = { patience: { retryDelayMs: 1 } };

describe("CreateVolume with --container-api=blob", function () {
  this.timeout(20_000);
  let app: EmulatedApp;
  const start = async (options: Parameters<typeof startEmulatedApp>[1] = {}) => {
    app = await startEmulatedApp(["--container-api", "blob"], { ...QUICK, ...options });
  };
  afterEach(() => app.stop());

  const refusal = (request = createRequest(app.emulator)) =>
    create(app, request).then(
      () => assert.fail("nothing was refused"),
      (error: { code: status; details: string }) => ({ code: status[error.code], details: error.details }),
    );
  const refuse = (code: string, statusCode: number) =>
    app.emulator.faults.add({
      match: { service: "blob", operation: "containers/create" },
      times: -1,
      action: { status: statusCode, code, message: "scripted\nRequestId:1\nTime:2" },
    });

  it("answers an existing volume of the same request, and ALREADY_EXISTS for another", async () => {
    await start();
    const request = createRequest(app.emulator);
    const volume = await create(app, request);
    app.forgetCalls();
    assert.deepEqual(await create(app, request), volume);
    const other = { ...request, capacity_range: { required_bytes: String(2 ** 40) } };
    const { code, details } = await refusal(other);
    assert.equal(code, "ALREADY_EXISTS");
    assert.match(details, /exists with 1073741824 bytes/);
    assert.equal(heldContainers(app.emulator.world).length, 1);
  });

  it("says that a firewall keeps the controller out, and that arm needs no way in", async () => {
    await start();
    const first = createRequest(app.emulator);
    await create(app, first);
    for (const account of app.emulator.world.accounts.values()) account.properties["publicNetworkAccess"] = "Disabled";
    const { code, details } = await refusal();
    assert.equal(code, "UNAVAILABLE");
    assert.match(
      details,
      /^creating container pvc-\S+ \(\/subscriptions\/\S+\) failed \(AuthorizationFailure, HTTP 403\)/,
    );
    assert.match(details, /firewall, or public network access that is off.*set --container-api=arm/);
    assert.equal(heldContainers(app.emulator.world).length, 1);
  });

  it("names the action and the roles when the right is missing", async () => {
    await start();
    refuse("AuthorizationPermissionMismatch", 403);
    const request = createRequest(app.emulator);
    const { code, details } = await refusal(request);
    assert.equal(code, "UNAVAILABLE");
    assert.match(details, /`keyless-csi roles` prints/);
    assert.match(details, /blobServices\/containers\/write'.*set --container-api=arm; role definitions.*take minutes/);
    assert.doesNotMatch(details, /RequestId|Time:/);
    assert.deepEqual(await refusal(request), { code, details });
    app.emulator.faults.clear();
    await create(app, request);
  });

  it("signs in again after a token was refused", async () => {
    await start();
    await create(app, createRequest(app.emulator));
    const signIns = () =>
      app.emulator.calls.report().calls.filter(({ service, method }) => service === "entra" && method === "POST")
        .length;
    const before = signIns();
    refuse("InvalidAuthenticationInfo", 401);
    const request = createRequest(app.emulator);
    const { details } = await refusal(request);
    assert.match(details, /InvalidAuthenticationInfo, HTTP 401.*check the controller's own credential/);
    app.emulator.faults.clear();
    await create(app, request);
    assert(signIns() > before);
  });

  it("waits within the call for an account whose name is not known everywhere yet", async () => {
    await start();
    const { emulator } = app;
    emulator.faults.add({
      match: { service: "blob", operation: "containers/create" },
      times: 5,
      action: { status: 404, code: "ResourceNotFound", message: "scripted" },
    });
    await create(app, createRequest(emulator));
    assert.equal(heldContainers(emulator.world).length, 1);
    const tried = emulator.calls.report().calls.filter(({ service }) => service === "blob");
    assert.deepEqual(
      tried.map(({ status: each }) => each),
      [404, 404, 404, 404, 404, 201],
    );
  });

  it("makes a volume in an account that was deleted since it was looked at, by making the account again", async () => {
    await start();
    await create(app, createRequest(app.emulator));
    app.emulator.world.accounts.clear();
    app.emulator.world.containers.clear();
    const request = createRequest(app.emulator);
    assert.equal((await refusal(request)).code, "UNAVAILABLE");
    await create(app, request);
    assert.deepEqual([app.emulator.world.accounts.size, heldContainers(app.emulator.world).length], [1, 1]);
  });

  it("says why the Blob service cannot be reached, and looks at the account again", async () => {
    const port = await closedPort();
    const away = { blobEndpoint: `https://127.0.0.1:${port}` };
    await start({ configure: (config) => ({ ...config, cloud: { ...config.cloud, ...away } }) });
    const request = createRequest(app.emulator, { isolation: "volume" });
    const { code, details } = await refusal(request);
    assert.equal(code, "UNAVAILABLE");
    assert.match(
      details,
      /failed \(ECONNREFUSED, RestError\): connect ECONNREFUSED; it is tried again: a new storage account's name/,
    );
    assert.match(
      details,
      /does not reach https:\/\/127\.0\.0\.1:\d+\/kl\w{22}: correct its DNS or network, or set --container-api=arm$/,
    );
    app.forgetCalls();
    assert.deepEqual(await refusal(request), { code, details });
    assert(
      app.armCalls().some(({ operation }) => operation === "storageAccounts/get"),
      "the account is looked at again",
    );
  });

  /** One on which nobody listens any more. */
  async function closedPort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    await new Promise((closed) => server.close(closed));
    return typeof address === "object" && address !== null ? address.port : assert.fail();
  }
});
