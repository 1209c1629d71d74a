// ListVolumes over real gRPC: every volume once, whatever the page size, and nothing that is not ours.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

describe("ListVolumes", () => {
  let app: EmulatedApp;
  const ids: string[] = [];
  before(async () => {
    app = await startEmulatedApp();
    for (const parameters of [{}, { tags: "a=1" }, { isolation: "volume" }, { isolation: "volume" }]) {
      for (let count = 0; count < 3; count++) {
        ids.push((await create(app, createRequest(app.emulator, parameters))).volume_id);
      }
    }
  });
  after(() => app.stop());

  async function pages(maxEntries: number): Promise<string[][]> {
    const found: string[][] = [];
    let token = "";
    do {
      const page = await app.csi.controller("ListVolumes", { max_entries: maxEntries, starting_token: token });
      found.push(page.entries.map(({ volume }) => volume?.volume_id ?? ""));
      token = page.next_token;
    } while (token !== "");
    return found;
  }

  it("without a limit answers every volume with its size", async () => {
    const { entries, next_token: token } = await app.csi.controller("ListVolumes", {});
    assert.deepEqual(entries.map(({ volume }) => volume?.volume_id).sort(), [...ids].sort());
    assert(entries.every(({ volume }) => volume?.capacity_bytes === String(2 ** 30)));
    assert.equal(token, "");
  });

  for (const size of [1, 2, 5, 11, 12, 100]) {
    it(`pages of ${size} hold every volume once`, async () => {
      const found = await pages(size);
      assert(found.every((page) => page.length <= size));
      assert.deepEqual(found.flat().sort(), [...ids].sort());
    });
  }

  it("a volume that comes or goes between two pages does not hide another", async () => {
    const first = await app.csi.controller("ListVolumes", { max_entries: 4 });
    const added = (await create(app, createRequest(app.emulator, { isolation: "volume" }))).volume_id;
    const rest = await app.csi.controller("ListVolumes", { starting_token: first.next_token });
    const seen = [...first.entries, ...rest.entries].map(({ volume }) => volume?.volume_id);
    assert.deepEqual(seen.filter((id) => id !== added).sort(), [...ids].sort());
    await app.csi.controller("DeleteVolume", { volume_id: added });
  });

  it("a token that is not ours is ABORTED", async () => {
    for (const token of ["nonsense", "W10", Buffer.from('[2,"a",""]').toString("base64url")]) {
      await assert.rejects(app.csi.controller("ListVolumes", { starting_token: token }), { code: status.ABORTED });
    }
  });

  it("a negative number of entries is INVALID_ARGUMENT", async () => {
    await assert.rejects(app.csi.controller("ListVolumes", { max_entries: -1 }), { code: status.INVALID_ARGUMENT });
  });

  it("accounts that are not ours are left out", async () => {
    const { world, info } = app.emulator;
    const [ours] = world.accounts.values();
    if (ours === undefined) assert.fail("no account");
    const name = "somebodyelse";
    world.accounts.set(name, {
      ...ours,
      id: ours.id.replace(ours.name, name),
      name,
      tags: {},
      resourceGroup: info.resourceGroup,
    });
    const { entries } = await app.csi.controller("ListVolumes", {});
    world.accounts.delete(name);
    assert.equal(entries.length, ids.length);
  });

  it("lists each volume once and comes to an end, however often the settings name its resource group", async () => {
    const twice = await startEmulatedApp(({ info: { subscriptionId, resourceGroup } }) => [
      "--allowed-resource-groups",
      `${subscriptionId}/${resourceGroup.toUpperCase()}`,
    ]);
    try {
      const { volume_id: id } = await create(twice, createRequest(twice.emulator));
      const { volume_id: second } = await create(twice, createRequest(twice.emulator));
      const seen: string[] = [];
      let token = "";
      do {
        const page = await twice.csi.controller("ListVolumes", { max_entries: 2, starting_token: token });
        seen.push(...page.entries.map(({ volume }) => volume?.volume_id ?? ""));
        token = page.next_token;
      } while (token !== "" && seen.length < 8);
      assert.deepEqual(seen.sort(), [id, second].sort());
    } finally {
      await twice.stop();
    }
  });
});
