import { deepEqual, equal, match } from "node:assert/strict";
import { ADMINISTRATOR } from "../../src/emulator/seed/seed.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

describe("the emulator's containers in ARM", () => {
  let arm: Arm;
  let account: string;
  before(async () => {
    arm = await startArm();
    account = await arm.makeAccount("boxes1");
  });
  after(() => arm.close());

  const container = (name: string) => `${account}/blobServices/default/containers/${name}`;
  const put = (name: string, properties: object = {}) => arm.call("PUT", container(name), { body: { properties } });

  it("are created with metadata, read, changed and deleted by the SDK unchanged", async () => {
    const { blobContainers } = arm.storage;
    const created = await blobContainers.create("keyless", "boxes1", "pvc-1", { metadata: { volume: "one" } });
    match(String(created.etag), /^"0x[0-9A-F]+"$/);
    const read = await blobContainers.get("keyless", "boxes1", "pvc-1");
    deepEqual([read.metadata, read.publicAccess, read.leaseState], [{ volume: "one" }, "None", "Available"]);
    deepEqual([read.hasLegalHold, read.hasImmutabilityPolicy, read.deleted], [false, false, false]);
    const changed = await blobContainers.update("keyless", "boxes1", "pvc-1", { metadata: { volume: "two" } });
    deepEqual(changed.metadata, { volume: "two" });
    await blobContainers.delete("keyless", "boxes1", "pvc-1");
    equal(arm.emulator.world.containers.has("boxes1/pvc-1"), false);
  });

  it("answer 201 when new and 200 when they exist, then changed to what was sent", async () => {
    equal((await put("twice", { metadata: { a: "1" } })).status, 201);
    const uid = arm.emulator.world.containers.get("boxes1/twice")?.uid;
    equal((await put("twice", { metadata: { a: "2" } })).status, 200);
    const now = arm.emulator.world.containers.get("boxes1/twice");
    deepEqual([now?.uid, now?.metadata], [uid, { a: "2" }]);
  });

  it("answer 404 ContainerNotFound when absent, and 204 to their deletion", async () => {
    refused(await arm.call("GET", container("nowhere")), 404, "ContainerNotFound");
    refused(await arm.call("PATCH", container("nowhere"), { body: {} }), 404, "ContainerNotFound");
    equal((await arm.call("DELETE", container("nowhere"))).status, 204);
  });

  it("refuse names that Storage does not permit", async () => {
    for (const name of ["ab", "a".repeat(64), "Upper", "a--b", "-ab", "ab-", "under_score"]) {
      refused(await put(name), 400, "ContainerOperationFailure");
    }
  });

  it("refuse metadata whose names are not identifiers or whose values are not ASCII", async () => {
    for (const metadata of [{ "a-b": "1" }, { "1a": "1" }, { a: "ä" }, { a: "1", A: "2" }]) {
      refused(await put("labelled", { metadata }), 400, "ContainerOperationFailure");
    }
    equal((await put("labelled", { metadata: { keyless_volume: "pvc%2F1", _x: "" } })).status, 201);
  });

  it("refuse public access on an account that forbids it", async () => {
    refused(await put("open", { publicAccess: "Blob" }), 409, "PublicAccessNotPermitted");
  });

  it("are listed by prefix and in pages", async () => {
    for (let index = 0; index < 7; index += 1) await put(`page-${index}`);
    await put("other");
    const pages: number[] = [];
    const options = { filter: "page-", maxpagesize: "3" };
    for await (const page of arm.storage.blobContainers.list("keyless", "boxes1", options).byPage())
      pages.push(page.length);
    deepEqual(pages, [3, 3, 1]);
    refused(
      await arm.call("GET", `${account}/blobServices/default/containers?$maxpagesize=no`),
      400,
      "InvalidQueryParameterValue",
    );
  });

  it("keep their name for some time after deletion when the settings say so", async () => {
    const slow = await startArm({ settings: { containerDeleteMs: 30_000 } });
    try {
      const id = await slow.makeContainer(await slow.makeAccount("lingering1"), "gone");
      equal((await slow.call("DELETE", id)).status, 200);
      refused(await slow.call("GET", id), 404, "ContainerNotFound");
      const message = refused(await slow.call("PUT", id, { body: {} }), 409, "ContainerOperationFailure");
      match(message, /is being deleted/);
      slow.emulator.clock.advance(30_000);
      equal((await slow.call("PUT", id, { body: {} })).status, 201);
    } finally {
      await slow.close();
    }
  });

  it("are leased and released over ARM, and not deleted while leased", async () => {
    await put("leased");
    const lease = (body: object) => arm.call("POST", `${container("leased")}/lease`, { body });
    const acquired = await lease({ action: "Acquire", leaseDuration: -1 });
    const { leaseId } = acquired.json<{ leaseId: string }>();
    equal((await arm.call("GET", container("leased"))).json<Shown>().properties["leaseStatus"], "Locked");
    refused(await arm.call("DELETE", container("leased")), 412, "ContainerOperationFailure");
    refused(await lease({ action: "Acquire", leaseDuration: -1 }), 409, "ContainerOperationFailure");
    equal((await lease({ action: "Break" })).status, 200);
    equal((await arm.call("DELETE", container("leased"))).status, 200);
    equal(typeof leaseId, "string");
  });

  it("are protected by legal holds and, once they contain blobs, by immutability policies", async () => {
    await put("held");
    const hold = (verb: string) => arm.call("POST", `${container("held")}/${verb}`, { body: { tags: ["case123"] } });
    equal((await hold("setLegalHold")).status, 200);
    refused(await arm.call("DELETE", container("held")), 409, "ContainerProtectedFromDeletion");
    equal((await hold("clearLegalHold")).status, 200);
    const policy = `${container("held")}/immutabilityPolicies/default`;
    const body = { properties: { immutabilityPeriodSinceCreationInDays: 3 } };
    const set = await arm.call("PUT", policy, { body });
    equal(set.status, 200);
    const etag = String(set.headers.etag);
    refused(await arm.call("DELETE", policy, { headers: { "if-match": '"other"' } }), 412, "PreconditionFailed");
    equal((await arm.call("POST", `${policy}/lock`, { headers: { "if-match": etag } })).status, 200);
    const shown = (await arm.call("GET", container("held"))).json<Shown>();
    equal(shown.properties["hasImmutabilityPolicy"], true);
    await upload("held/evidence.txt");
    const message = refused(await arm.call("DELETE", container("held")), 409, "ContainerProtectedFromDeletion");
    equal(message, "The storage account boxes1 container held is protected from deletion due to ImmutabilityPolicy.");
    refused(await arm.call("DELETE", account), 409, "AccountProtectedFromDeletion");
    equal((await put("empty-but-locked")).status, 201);
    const other = `${container("empty-but-locked")}/immutabilityPolicies/default`;
    equal((await arm.call("PUT", other, { body })).status, 200);
    equal((await arm.call("DELETE", container("empty-but-locked"))).status, 200);
  });

  /** Writes a blob as the administrator, who gets the right for it first. */
  async function upload(path: string): Promise<void> {
    await arm.grant(account, "ba92f5b4-2d11-453d-a403-e96b0029c9fe", ADMINISTRATOR.principalId);
    const token = await administratorToken(arm.emulator, "https://storage.azure.com/.default");
    const answer = await send(arm.emulator, `/boxes1/${path}`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${token}`,
        "x-ms-version": "2021-08-06",
        "x-ms-blob-type": "BlockBlob",
        "content-length": "4",
      },
      body: "data",
    });
    equal(answer.status, 201, answer.text);
  }
});

interface Shown {
  readonly properties: Record<string, unknown>;
}
