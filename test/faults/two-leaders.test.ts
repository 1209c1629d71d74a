// Two controllers that each believe they are the only one get the same requests; one of them has a bad network.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { isFinal } from "../../src/csi/call.ts";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { type Network, startNetwork } from "./support/network.ts";
import { type Service, startService } from "./support/service.ts";

const REQUESTS = 200;
/** In flight at each controller. */
const TOGETHER = 20;
const ATTEMPTS = 40;

describe("two controllers that get the same requests", function () {
  this.timeout(300_000);
  let cloud: Cloud;
  let network: Network;
  const services: Service[] = [];

  before(async () => {
    // Creation takes a moment, so that one controller finds accounts that the other is creating.
    cloud = await startCloud({ settings: { accountCreationMs: 500 } });
    network = await startNetwork(cloud);
    services.push(await startService(cloud), await startService(cloud, { readyFile: network.readyFile }));
  });
  after(async () => {
    await Promise.all(services.map((service) => service.kill()));
    await network?.stop();
    await cloud?.stop();
  });

  it("return the same ids, create no duplicates, and delete nothing that the other has returned", async () => {
    network.breakEvery(7);
    let failures = 0;
    const seen = new Map<number, Set<string>>();
    const parametersOf = (number: number) => ({ isolation: number % 4 === 0 ? "volume" : "pool" });
    const create = async (service: Service, number: number) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        try {
          const request = requestOf(cloud.emulator, volumeName(number), parametersOf(number));
          return volumeOf(await service.csi.controller("CreateVolume", request)).volume_id;
        } catch (error) {
          const { code, details } = error as { code: status; details: string };
          assert(!isFinal(code), `${status[code]}: ${details}`);
          failures += 1;
        }
      }
      throw new Error(`volume ${number} was not created in ${ATTEMPTS} attempts`);
    };
    await Promise.all(
      services.map((service, index) =>
        inParallel(async (number) => {
          // One goes through the list backwards, so that the two meet at every distance.
          const own = index === 0 ? number : REQUESTS - 1 - number;
          const id = await create(service, own);
          seen.set(own, (seen.get(own) ?? new Set()).add(id));
          const [account, container] = id.split("#").slice(1, 3);
          assert(
            cloud.census().containers.includes(`${account}/${container}`),
            `${id} was returned but does not exist`,
          );
        }),
      ),
    );
    for (const [number, ids] of seen) assert.equal(ids.size, 1, `volume ${number}: ${[...ids].join(", ")}`);
    const { accounts, containers, roleAssignments } = cloud.census();
    assert.equal(containers.length, REQUESTS);
    assert.equal(new Set(containers.map((each) => each.split("/")[1])).size, REQUESTS);
    assert.equal(roleAssignments.length, REQUESTS);
    assert.equal(new Set(roleAssignments).size, REQUESTS);
    assert.equal(accounts.length, 1 + REQUESTS / 4);
    assert(network.broken() > 0);
    const ids = [...seen.values()].map(([id]) => id ?? "");
    await assertBothDelete(ids);
    report(
      4,
      `${REQUESTS} requests at two controllers, ${network.broken()} connections cut at one (${failures} calls failed): ` +
        "identical ids, 0 duplicates, 0 lost",
    );
  });

  async function assertBothDelete(ids: readonly string[]): Promise<void> {
    network.mend();
    await Promise.all(
      services.map((service) =>
        inParallel(async (number) => {
          for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
              await service.csi.controller("DeleteVolume", { volume_id: ids[number] ?? "" });
              return;
            } catch (error) {
              const { code, details } = error as { code: status; details: string };
              assert(!isFinal(code), `${status[code]}: ${details}`);
            }
          }
          throw new Error(`${ids[number]} was not deleted`);
        }),
      ),
    );
    const { accounts, containers, roleAssignments } = cloud.census();
    assert.deepEqual([accounts.length, containers.length, roleAssignments.length], [1, 0, 0]);
  }
});

async function inParallel(work: (number: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: REQUESTS }, (_, number) => number);
  const workers = Array.from({ length: TOGETHER }, async () => {
    for (let next = numbers.shift(); next !== undefined; next = numbers.shift()) await work(next);
  });
  await Promise.all(workers);
}
