import { deepEqual, doesNotMatch, equal, match, ok, rejects } from "node:assert/strict";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { administratorToken, send, sendAdmin, sendForm } from "../support/emulator-client.ts";

describe("the emulator's admin endpoint", () => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await startEmulator();
  });
  afterEach(() => emulator.close());

  const discover = () => send(emulator, "/common/v2.0/.well-known/openid-configuration");
  const scripted = (rule: object) => sendAdmin(emulator, "POST", "/faults", rule);

  it("is closed without the secret and to a wrong one, and opens by each of three headers", async () => {
    const status = async (headers: Record<string, string>) =>
      (await send(emulator, "/_emulator/calls", { headers })).status;
    const secret = emulator.info.adminSecret;
    equal(await status({}), 401);
    equal(await status({ "x-emulator-secret": `${secret}x` }), 403);
    equal(await status({ "x-emulator-secret": secret }), 200);
    equal(await status({ authorization: `Bearer ${secret}` }), 200);
    equal(await status({ authorization: `Basic ${Buffer.from(`any:${secret}`).toString("base64")}` }), 200);
  });

  it("logs every call except its own, with the service's name for it and without secrets", async () => {
    await discover();
    const form = {
      grant_type: "client_credentials",
      client_id: "x",
      client_secret: "canary-1",
      scope: "https://storage.azure.com/.default",
    };
    await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/v2.0/token?sig=canary-2`, form);
    const report = await sendAdmin(emulator, "GET", "/calls");
    const { total, counts, calls, alarms } = report.json<{
      total: number;
      counts: object;
      calls: { status: number }[];
      alarms: string[];
    }>();
    equal(total, 2);
    deepEqual(counts, { "entra discovery/openid": 1, "entra token": 1 });
    deepEqual(
      calls.map(({ status }) => status),
      [200, 400],
    );
    deepEqual(alarms, []);
    doesNotMatch(report.text, /canary/);
    await sendAdmin(emulator, "DELETE", "/calls");
    equal((await sendAdmin(emulator, "GET", "/calls")).json()["total"], 0);
  });

  it("shows the world without the client secret", async () => {
    const state = await sendAdmin(emulator, "GET", "/state");
    const { identities, principals } = state.json<{ identities: { name: string }[]; principals: object[] }>();
    deepEqual(
      identities.map(({ name }) => name),
      ["workload-a", "workload-b", "keyless-controller"],
    );
    equal(principals.length, 4);
    ok(!state.text.includes(emulator.info.administrator.clientSecret));
  });

  it("answers a scripted status once, in the form of the service, then as usual", async () => {
    await scripted({
      match: { service: "entra" },
      action: { status: 503, code: "ServerBusy", headers: { "retry-after": "7" } },
    });
    const answer = await discover();
    equal(answer.status, 503);
    equal(answer.headers["retry-after"], "7");
    equal(answer.json()["error"], "ServerBusy");
    equal((await discover()).status, 200);
  });

  it("refuses a rule for a service or an operation that does not exist, and lists those that do", async () => {
    const refused = async (match: object) => {
      const answer = await scripted([
        { match: { operation: "token" }, action: { status: 500 } },
        { match, action: { status: 500 } },
      ]);
      equal(answer.status, 400);
      deepEqual((await sendAdmin(emulator, "GET", "/faults")).json(), []);
      return answer.json<{ error: { message: string } }>().error.message;
    };
    match(await refused({ method: "PUTT" }), /"PUTT" is not a method; there are GET, .*DELETE/);
    match(
      await refused({ operation: "storageAccounts/crate" }),
      /"storageAccounts\/crate" is no operation; .*storageAccounts\/create/,
    );
    match(await refused({ operation: "storageAccount/*" }), /there are .*containers\/create/);
    match(await refused({ service: "blob", operation: "storageAccounts/create" }), /of blob; there are .*blobs\/put/);
    match(await refused({ service: "arn" }), /"arn" is not a service; there are arm, blob, dfs, entra, graph, /);
    for (const good of [
      { operation: "STORAGEACCOUNTS/create" },
      { operation: "blobs/*" },
      { operation: "GET" },
      { service: "imds", operation: "identity/token" },
      { service: "issuer", operation: "openid/v1/jwks" },
      { service: "dfs", operation: "paths/rename" },
    ]) {
      equal((await scripted({ match: good, action: { status: 500 } })).status, 204, JSON.stringify(good));
    }
    const operations = (await sendAdmin(emulator, "GET", "/operations")).json<Record<string, string[]>>();
    deepEqual(Object.keys(operations).sort(), ["arm", "blob", "dfs", "entra", "graph", "imds", "issuer"]);
    for (const names of Object.values(operations)) ok(names.length > 0);
    ok(operations["arm"]?.includes("roleAssignments/create"));
  });

  it("skips and counts as a rule says", async () => {
    await scripted({ match: { operation: "discovery/*" }, skip: 1, times: 2, action: { status: 500 } });
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await discover()).status);
    deepEqual(statuses, [200, 500, 500, 200]);
  });

  it("closes the connection before or after the service has acted", async () => {
    await scripted([
      { match: { path: "openid" }, action: { reset: "before" } },
      { match: { path: "openid" }, action: { reset: "after" } },
    ]);
    await rejects(discover(), { code: "ECONNRESET" });
    await rejects(discover(), { code: "ECONNRESET" });
    const { calls } = emulator.calls.report();
    deepEqual(
      calls.map(({ status, fault, operation }) => [status, fault, operation]),
      [
        [0, "reset", "discovery/openid"],
        [0, "reset", "discovery/openid"],
      ],
    );
  });

  it("truncates an answer, and pads one", async () => {
    await scripted([
      { match: {}, action: { truncate: 10 } },
      { match: {}, action: { status: 200, bodyBytes: 3_000_000 } },
    ]);
    await rejects(discover(), /aborted|hang up|reset/);
    equal((await discover()).text.length, 3_000_000);
  });

  it("holds an answer back until the client disconnects, or until the faults are cleared", async () => {
    await scripted({ match: {}, action: { hang: "forever" } });
    const hanging = rejects(discover(), { code: "ECONNRESET" });
    while (emulator.faults.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await sendAdmin(emulator, "DELETE", "/faults");
    await hanging;
  });

  it("refuses a rule that it does not understand, and says why", async () => {
    const complaint = async (rule: object) => {
      const answer = await scripted(rule);
      equal(answer.status, 400);
      return answer.json<{ error: { message: string } }>().error.message;
    };
    match(await complaint({ match: { pth: "x" }, action: { status: 500 } }), /"pth" is not known/);
    match(await complaint({ match: { path: "(" }, action: { status: 500 } }), /Invalid regular expression/);
    match(
      await complaint([
        { match: {}, action: { status: 500 } },
        { match: {}, action: {} },
      ]),
      /fault rule 1: action must have/,
    );
    match(await complaint({ match: {}, action: { reset: "soon" } }), /"before" or "after"/);
    match(await complaint({ match: {}, action: { status: 99 } }), /from 200 to 599/);
    equal((await discover()).status, 200);
  });

  it("moves the clock, by which tokens expire", async () => {
    const before = Date.parse((await sendAdmin(emulator, "GET", "/clock")).json<{ now: string }>().now);
    for (const advanceSeconds of [1e300, -1e12, 1e12]) {
      equal((await sendAdmin(emulator, "POST", "/clock", { advanceSeconds })).status, 400);
    }
    const moved = await sendAdmin(emulator, "POST", "/clock", { advanceSeconds: 7200 });
    ok(Date.parse(moved.json<{ now: string }>().now) >= before + 7_200_000);
    equal((await sendAdmin(emulator, "POST", "/clock", {})).status, 400);
  });

  it("mints ServiceAccount tokens that Entra accepts", async () => {
    const minted = await sendAdmin(emulator, "POST", "/tokens", { namespace: "demo", name: "workload-b" });
    const answer = await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: emulator.info.identities[1]?.clientId ?? "",
      client_assertion: minted.json<{ token: string }>().token,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      scope: "https://storage.azure.com/.default",
    });
    equal(answer.status, 200);
  });

  it("assigns deny policies, which refuse calls until they are removed", async () => {
    const { subscriptionId, resourceGroup } = emulator.info;
    const scope = `/subscriptions/${subscriptionId}`;
    const policy = {
      name: "no-keys",
      displayName: "No account keys",
      scope,
      resourceType: "Microsoft.Storage/storageAccounts",
      requires: { "properties.allowSharedKeyAccess": false },
    };
    const made = await sendAdmin(emulator, "POST", "/policies", policy);
    equal(made.status, 200);
    deepEqual((await sendAdmin(emulator, "GET", "/policies")).json(), made.json());
    const token = await administratorToken(emulator);
    const account = `${scope}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/klpolicy`;
    const put = (properties: object) =>
      send(emulator, `${account}?api-version=2023-05-01`, {
        method: "PUT",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" }, properties }),
      });
    const refused = await put({ allowSharedKeyAccess: true });
    equal(refused.status, 403);
    match(refused.text, /RequestDisallowedByPolicy.*No account keys/s);
    match(refused.text, new RegExp(`${scope}/providers/Microsoft.Authorization/policyAssignments/no-keys`));
    equal((await put({ allowSharedKeyAccess: false })).status, 202);
    equal((await sendAdmin(emulator, "DELETE", "/policies")).status, 204);
    deepEqual((await sendAdmin(emulator, "GET", "/policies")).json(), []);
  });

  it("refuses a policy that it does not understand, and says why", async () => {
    const good = { name: "a", scope: "/subscriptions/x", resourceType: "Microsoft.Storage/storageAccounts" };
    const complaint = async (policy: unknown) => {
      const answer = await sendAdmin(emulator, "POST", "/policies", policy);
      equal(answer.status, 400);
      return answer.json<{ error: { message: string } }>().error.message;
    };
    match(await complaint({ ...good, effect: "audit" }), /policy 0: "effect" is not known; known are name/);
    match(await complaint([good, { ...good, scope: undefined }]), /policy 1: scope is missing/);
    match(await complaint({ ...good, scope: "x" }), /scope must be an ARM id/);
    match(await complaint({ ...good, resourceType: "storageAccounts" }), /resourceType must be such as/);
    match(await complaint({ ...good, name: 7 }), /name must be a text/);
    match(await complaint({ ...good, requires: [] }), /requires must be an object/);
    deepEqual((await sendAdmin(emulator, "GET", "/policies")).json(), []);
  });

  it("answers 404 to unknown calls", async () => {
    const answer = await sendAdmin(emulator, "GET", "/nothing");
    equal(answer.status, 404);
    match(answer.text, /GET \/state/);
  });
});
