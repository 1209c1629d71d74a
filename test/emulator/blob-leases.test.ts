// Leases on blobs: the outcomes that "Lease Blob" of the Storage REST reference states for each state of a lease.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type BlobFixture, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob leases", () => {
  let blob: BlobFixture;
  let base: string;
  let path: string;

  before(async () => {
    blob = await startBlobFixture();
    base = `/${(await blob.newContainer()).containerName}`;
  });
  after(() => blob.close());

  const put = (headers: Record<string, string> = {}) =>
    blob.send("PUT", path, { body: "x", headers: { "x-ms-blob-type": "BlockBlob", ...headers } });
  const lease = (action: string, headers: Record<string, string> = {}) =>
    blob.send("PUT", `${path}?comp=lease`, { headers: { "x-ms-lease-action": action, ...headers } });
  const stateOf = async () => (await blob.send("HEAD", path)).headers["x-ms-lease-state"];
  const acquire = async (seconds: number, id = randomUUID()) => {
    const headers = { "x-ms-lease-duration": String(seconds), "x-ms-proposed-lease-id": id };
    const answer = await lease("acquire", headers);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers["x-ms-lease-id"], id);
    return { "x-ms-lease-id": id };
  };

  beforeEach(async () => {
    path = `${base}/${randomUUID()}`;
    await put();
  });

  it("a leased blob is written and deleted only with the lease's id, and read without it", async () => {
    const held = await acquire(-1);
    assert.equal((await put()).code, "LeaseIdMissing");
    assert.equal((await put({ "x-ms-lease-id": randomUUID() })).code, "LeaseIdMismatchWithBlobOperation");
    assert.equal((await blob.send("DELETE", path)).code, "LeaseIdMissing");
    assert.equal((await blob.send("PUT", `${path}?comp=metadata`)).code, "LeaseIdMissing");
    assert.equal((await blob.send("GET", path)).status, 200);
    assert.equal((await put(held)).status, 201);
    assert.equal(await stateOf(), "leased");
    assert.equal((await blob.send("DELETE", path, { headers: held })).status, 202);
  });

  it("an id without a lease, and one that is not a GUID, are refused", async () => {
    const answer = await put({ "x-ms-lease-id": randomUUID() });
    assert.equal(answer.status, 412);
    assert.equal(answer.code, "LeaseNotPresentWithBlobOperation");
    assert.equal((await put({ "x-ms-lease-id": "mine" })).code, "InvalidHeaderValue");
  });

  it("acquiring again needs the same id, and durations are 15 to 60 seconds or infinite", async () => {
    const held = await acquire(15);
    const other = await lease("acquire", { "x-ms-lease-duration": "15" });
    assert.equal(other.status, 409);
    assert.equal(other.code, "LeaseAlreadyPresent");
    await acquire(60, held["x-ms-lease-id"]);
    for (const duration of ["14", "61", "0", "x"]) {
      assert.equal((await lease("acquire", { "x-ms-lease-duration": duration })).code, "InvalidHeaderValue");
    }
    assert.equal((await lease("acquire")).code, "MissingRequiredHeader");
    assert.equal((await lease("borrow")).code, "InvalidHeaderValue");
  });

  it("an expired lease no longer keeps writers out, and its id is lost", async () => {
    const held = await acquire(15);
    blob.emulator.clock.advance(16_000);
    assert.equal(await stateOf(), "expired");
    assert.equal((await put(held)).code, "LeaseLost");
    assert.equal((await lease("renew", held)).status, 200);
    assert.equal(await stateOf(), "leased");
    blob.emulator.clock.advance(16_000);
    assert.equal((await put()).status, 201);
    assert.equal(await stateOf(), "available");
    assert.equal((await lease("renew", held)).code, "LeaseIdMismatchWithLeaseOperation");
  });

  it("an id is changed by its holder, and the change may be repeated", async () => {
    const held = await acquire(-1);
    const next = randomUUID();
    for (let round = 0; round < 2; round += 1) {
      const answer = await lease("change", { ...held, "x-ms-proposed-lease-id": next });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["x-ms-lease-id"], next);
    }
    assert.equal((await put(held)).code, "LeaseIdMismatchWithBlobOperation");
    const stranger = { "x-ms-lease-id": randomUUID(), "x-ms-proposed-lease-id": randomUUID() };
    assert.equal((await lease("change", stranger)).code, "LeaseIdMismatchWithLeaseOperation");
  });

  it("releasing frees the blob at once; what is not leased cannot be released or broken", async () => {
    const held = await acquire(-1);
    assert.equal((await lease("release", held)).status, 200);
    assert.equal(await stateOf(), "available");
    assert.equal((await lease("release", held)).code, "LeaseIdMismatchWithLeaseOperation");
    assert.equal((await lease("break")).code, "LeaseNotPresentWithLeaseOperation");
  });

  it("an infinite lease breaks at once, with a period it breaks when that is over", async () => {
    const held = await acquire(-1);
    const answer = await lease("break", { "x-ms-lease-break-period": "20" });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers["x-ms-lease-time"], "20");
    assert.equal(await stateOf(), "breaking");
    assert.equal((await put()).code, "LeaseIdMissing");
    assert.equal((await put(held)).status, 201);
    assert.equal((await lease("renew", held)).code, "LeaseIsBrokenAndCannotBeRenewed");
    const again = { "x-ms-lease-duration": "15", "x-ms-proposed-lease-id": held["x-ms-lease-id"] };
    assert.equal((await lease("acquire", again)).code, "LeaseIsBreakingAndCannotBeAcquired");
    blob.emulator.clock.advance(21_000);
    assert.equal(await stateOf(), "broken");
    assert.equal((await put()).status, 201);
    await acquire(-1);
    assert.equal((await lease("break")).headers["x-ms-lease-time"], "0");
    assert.equal(await stateOf(), "broken");
  });

  it("a timed lease breaks when it would have ended, unless a shorter period is given", async () => {
    await acquire(60);
    assert.equal((await lease("break", { "x-ms-lease-break-period": "30" })).headers["x-ms-lease-time"], "30");
    assert.equal((await lease("break", { "x-ms-lease-break-period": "60" })).headers["x-ms-lease-time"], "30");
    assert.equal((await lease("break", { "x-ms-lease-break-period": "0" })).headers["x-ms-lease-time"], "0");
    assert.equal(await stateOf(), "broken");
  });
});
