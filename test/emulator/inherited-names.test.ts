// Words that every object of JavaScript inherits (`constructor`, `__proto__`) are names and values like others: kept where a name
// is free, refused in Azure's words where it is not, and never an internal error.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

const FREE = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;

describe("the emulator's ARM, for inherited names", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  it("keeps tags and metadata of these names", async () => {
    const account = await arm.makeAccount("inherited1");
    equal((await arm.call("PATCH", account, { body: { tags: FREE } })).status, 200);
    deepEqual((await arm.call("GET", account)).json()["tags"], FREE);
    const container = await arm.makeContainer(account, "inherited");
    equal((await arm.call("PATCH", container, { body: { properties: { metadata: FREE } } })).status, 200);
    deepEqual((await arm.call("GET", container)).json<{ properties: object }>().properties, {
      ...(await arm.call("GET", container)).json<{ properties: object }>().properties,
      metadata: FREE,
    });
    deepEqual(arm.emulator.world.accounts.get("inherited1")?.tags, FREE);
  });

  it("does not know members, policies, filters and parameter types of these names", async () => {
    const account = await arm.makeAccount("inherited2");
    refused(await arm.call("PATCH", account, { body: { constructor: "x" } }), 400, "InvalidRequestContent");
    refused(await arm.call("PATCH", account, { body: '{"__proto__":{"a":1}}' }), 400, "InvalidRequestContent");
    const policy = `${arm.group}/providers/Microsoft.Authorization/policyAssignments/one?api-version=2023-04-01`;
    const body = {
      properties: { policyDefinitionId: "/providers/Microsoft.Authorization/policyDefinitions/constructor" },
    };
    refused(await arm.call("PUT", policy, { body }), 404, "PolicyDefinitionNotFound");
    const listed = await arm.call("GET", `${arm.group}/resources?$filter=constructor%20eq%20'x'`);
    refused(listed, 400, "InvalidFilterInQueryString");
    const parameters = { one: { type: "constructor", defaultValue: 1 } };
    const template = { $schema: "x", contentVersion: "1.0.0.0", resources: [], parameters };
    const deployment = `${arm.group}/providers/Microsoft.Resources/deployments/one`;
    const sent = { body: { properties: { mode: "Incremental", template } } };
    refused(await arm.call("PUT", deployment, sent), 400, "InvalidTemplate");
  });
});

describe("the emulator's Blob service, for inherited names", () => {
  let blob: BlobFixture;
  let path: string;
  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
    path = `/${(await blob.newContainer()).containerName}/one`;
  });
  after(() => blob.close());

  const put = (headers: Record<string, string> = {}) =>
    blob.send("PUT", path, { body: "x", headers: { "x-ms-blob-type": "BlockBlob", ...headers } });

  it("refuses a lease action of these names, and leaves the blob as it was", async () => {
    equal((await put()).status, 201);
    for (const action of ["constructor", "__proto__", "toString"]) {
      const answer = await blob.send("PUT", `${path}?comp=lease`, { headers: { "x-ms-lease-action": action } });
      equal(`${answer.status} ${answer.code}`, "400 InvalidHeaderValue");
    }
    equal((await blob.send("HEAD", path)).headers["x-ms-lease-state"], "available");
    equal((await blob.send("GET", `${path.slice(0, -4)}?restype=container&comp=list`)).status, 200);
  });

  it("keeps metadata and tags of these names", async () => {
    const named = {
      "x-ms-meta-__proto__": "x",
      "x-ms-meta-constructor": "y",
      "x-ms-tags": "__proto__=x&constructor=y",
    };
    equal((await put(named)).status, 201);
    const { headers } = await blob.send("HEAD", path);
    deepEqual(
      [headers["x-ms-meta-__proto__"], headers["x-ms-meta-constructor"], headers["x-ms-tag-count"]],
      ["x", "y", "2"],
    );
    ok((await blob.send("GET", `${path}?comp=tags`)).text.includes("<Key>__proto__</Key><Value>x</Value>"));
  });

  it("refuses a body with an entity of these names", async () => {
    const body = "<Tags><TagSet><Tag><Key>a</Key><Value>&constructor;</Value></Tag></TagSet></Tags>";
    equal((await blob.send("PUT", `${path}?comp=tags`, { body })).code, "InvalidXmlDocument");
  });
});
