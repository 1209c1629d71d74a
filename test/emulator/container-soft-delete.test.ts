// Soft delete of containers ("Soft delete for containers", "Restore Container", Blob Containers - List with $include): what is
// deleted stays for its days with its blobs, is listed by both planes, and comes back under its name.
import assert from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { administratorToken, type RawAnswer, send } from "../support/emulator-client.ts";

const VERSION = { "x-ms-version": "2025-11-05" };
const BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const ADMINISTRATOR = "d2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02"; // of the emulator's seed
const DAY_SECONDS = 24 * 3600;

describe("soft delete of containers in the emulator", () => {
  let arm: Arm;
  let account: string;
  let name: string;
  let token: string;
  let count = 0;
  beforeEach(async () => {
    arm = await startArm({ settings: { accessTokenSeconds: 90 * DAY_SECONDS } });
    count += 1;
    name = `softly${count}`;
    account = await arm.makeAccount(name);
    await arm.grant(account, BLOB_OWNER, ADMINISTRATOR);
    token = await administratorToken(arm.emulator, "https://storage.azure.com/.default");
    await setPolicy({ enabled: true, days: 5 });
  });
  afterEach(() => arm.close());

  const setPolicy = (containerDeleteRetentionPolicy: object) =>
    arm.call("PUT", `${account}/blobServices/default`, { body: { properties: { containerDeleteRetentionPolicy } } });
  const container = () => `${account}/blobServices/default/containers/kept`;
  const data = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    send(arm.emulator, `/${name}${path}`, {
      method,
      headers: {
        ...VERSION,
        authorization: `Bearer ${token}`,
        "content-length": String(body?.length ?? 0),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  const armList = async (query = "") => {
    const answer = await arm.call("GET", `${account}/blobServices/default/containers?api-version=2025-06-01${query}`);
    const { value } = answer.json<{ value: { name: string; properties: Record<string, unknown> }[] }>();
    return value.map(({ name: each, properties: { version, deleted, remainingRetentionDays } }) => {
      return { name: each, version, deleted, remainingRetentionDays };
    });
  };
  const dataList = async () => {
    const { text } = await data("GET", "/?comp=list&include=deleted");
    return [...text.matchAll(/<Container>(.*?)<\/Container>/gs)].map(([, line = ""]) => {
      const value = (tag: string) => new RegExp(`<${tag}>([^<]*)<`).exec(line)?.[1];
      return [value("Name"), value("Version"), value("Deleted"), value("RemainingRetentionDays")];
    });
  };
  const restore = (version: string, headers: Record<string, string> = {}): Promise<RawAnswer> => {
    const named = { "x-ms-deleted-container-name": "kept", "x-ms-deleted-container-version": version };
    return data("PUT", "/kept?restype=container&comp=undelete", { ...named, ...headers });
  };
  const fill = async () => {
    assert.equal((await arm.call("PUT", container(), { body: { properties: { metadata: { a: "1" } } } })).status, 201);
    const headers = { "x-ms-blob-type": "BlockBlob" };
    assert.equal((await data("PUT", "/kept/b", headers, "content")).status, 201);
  };

  it("both planes list a deleted container, which no call finds, and Restore Container brings all of it back", async () => {
    await fill();
    assert.equal((await arm.call("DELETE", container())).status, 200);
    assert.equal((await arm.call("GET", container())).status, 404);
    assert.equal((await data("GET", "/kept/b")).status, 404);
    assert.deepEqual(await armList(), []);
    const [deleted] = await armList("&$include=deleted");
    const version = String(deleted?.version);
    assert.match(version, /^01[0-9A-F]{14}$/);
    assert.deepEqual(deleted, { name: "kept", version, deleted: true, remainingRetentionDays: 4 });
    assert.deepEqual(await dataList(), [["kept", version, "true", "4"]]);
    assert.equal((await restore("01D64EB9886F00C4")).status, 404);
    assert.equal((await restore(version, { "x-ms-deleted-container-name": "other" })).status, 400);
    assert.equal((await restore(version)).status, 201);
    assert.equal((await data("GET", "/kept/b")).text, "content");
    assert.deepEqual(await dataList(), [["kept", undefined, undefined, undefined]]);
    const again = await arm.call("GET", container());
    assert.deepEqual(again.json<{ properties: { metadata: unknown } }>().properties.metadata, { a: "1" });
  });

  it("the name is free meanwhile, and one that is in use is not restored over", async () => {
    await fill();
    await data("DELETE", "/kept?restype=container");
    assert.equal((await arm.call("PUT", container(), { body: {} })).status, 201);
    const [live, deleted] = await armList("&$include=deleted");
    assert.deepEqual([live?.deleted, deleted?.deleted], [false, true]);
    const refused = await restore(String(deleted?.version));
    assert.equal(refused.headers["x-ms-error-code"], "ContainerAlreadyExists");
    assert.equal((await data("GET", "/kept/b")).status, 404);
    await arm.call("DELETE", container());
    const versions = (await armList("&$include=deleted")).map((each) => each.version);
    assert.equal(new Set(versions).size, 2);
  });

  it("a container goes for good when its days are over, and with its account", async () => {
    await fill();
    await arm.call("DELETE", container());
    const [deleted] = await armList("&$include=deleted");
    const { clock, world, services } = arm.emulator;
    clock.advance(2 * DAY_SECONDS * 1000);
    assert.equal((await armList("&$include=deleted"))[0]?.remainingRetentionDays, 2);
    clock.advance(4 * DAY_SECONDS * 1000);
    assert.deepEqual(await armList("&$include=deleted"), []);
    assert.equal((await restore(String(deleted?.version))).status, 404);
    await fill();
    const { uid = "" } = world.containers.get(`${name}/kept`) ?? {};
    await arm.call("DELETE", container());
    assert.equal(world.deletedContainers.size, 1);
    await arm.call("DELETE", account);
    assert.deepEqual([world.deletedContainers.size, services.blobs.blobsOf(uid).names()], [0, []]);
  });

  it("without the policy nothing stays", async () => {
    await setPolicy({ enabled: false });
    await fill();
    await arm.call("DELETE", container());
    assert.deepEqual(await armList("&$include=deleted"), []);
    assert.equal((await arm.call("GET", `${account}/blobServices/default/containers?$include=other`)).status, 400);
  });
});
