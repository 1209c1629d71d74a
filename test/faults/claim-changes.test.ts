// The service is killed, and before the next attempt the claim is deleted, or annotated with another ServiceAccount.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { tell } from "./support/figures.ts";
import { claimRequestOf, volumeName, volumeOf } from "./support/modes.ts";
import { type Service, type Spares, startSpares } from "./support/service.ts";

/** Where the first attempt is killed: after each of these took effect. */
const CALLS = ["storageAccounts/create", "containers/get", "containers/create", "roleAssignments/create"];

describe("a claim that changes between two attempts", function () {
  this.timeout(240_000);
  let cloud: Cloud;
  let cluster: TestCluster;
  let spares: Spares;
  let cases = 0;
  before(async () => {
    cloud = await startCloud();
    cluster = await startCluster(cloud);
    spares = startSpares(cloud, { flags: cluster.flags });
  });
  after(async () => {
    await spares?.stop();
    await cluster?.stop();
    await cloud?.stop();
    tell(1, `${cases} claims deleted or re-annotated between two attempts: handed back or finished, nothing lost`);
  });

  const create = (service: Service, parameters: Readonly<Record<string, string>>) =>
    service.csi.controller("CreateVolume", claimRequestOf(cloud.emulator, volumeName(1), parameters));

  /** A first attempt that dies at `operation`, and a service started anew. */
  async function dieAt(operation: string, parameters: Readonly<Record<string, string>>): Promise<Service> {
    cloud.empty();
    cluster.claim(1);
    const service = await spares.next();
    const held = cloud.hold({ service: "arm", operation }, 0, "after");
    const outcome = create(service, parameters).catch((error: Error) => error);
    await Promise.race([held, outcome.then((how) => assert.fail(`${operation} was never called: ${String(how)}`))]);
    await service.kill();
    await outcome;
    cloud.clearFaults();
    cases += 1;
    return await spares.next();
  }

  for (const isolation of ["pool", "volume"]) {
    it(`deleted, isolation ${isolation}: what exists is handed back and goes by DeleteVolume, else the answer is final`, async () => {
      for (const operation of CALLS) {
        const service = await dieAt(operation, { isolation });
        cluster.unclaim();
        const made = cloud.census();
        const isForgotten = made.containers.length === 0 && (isolation === "pool" || made.accounts.length === 0);
        if (isForgotten) {
          await assert.rejects(create(service, { isolation }), { code: status.FAILED_PRECONDITION });
        } else {
          const { volume_id: id } = volumeOf(await create(service, { isolation }));
          await service.csi.controller("DeleteVolume", { volume_id: id });
        }
        const { accounts, containers, grants } = cloud.census();
        assert.deepEqual([containers, grants], [[], []], operation);
        assert.equal(
          accounts.length,
          isolation === "pool" ? 1 : 0,
          `${operation}: an account for this volume alone was left`,
        );
        await service.kill();
      }
    });
  }

  it("annotated with another ServiceAccount: the same volume, open for the new identity alone", async () => {
    const parameters = { identity: "serviceAccount" };
    const [, second] = cloud.emulator.info.identities;
    if (second === undefined) throw new Error("the emulator has one identity only");
    let expected: string | undefined;
    for (const operation of CALLS) {
      const service = await dieAt(operation, parameters);
      cluster.claim(1, second.name);
      const { volume_id: id } = volumeOf(await create(service, parameters));
      expected ??= id;
      assert.equal(id, expected);
      const { containers, grants } = cloud.census();
      assert.equal(containers.length, 1);
      assert.deepEqual(
        grants.map((grant) => grant.split("|")[1]),
        [second.principalId],
        operation,
      );
      await service.kill();
    }
  });
});
