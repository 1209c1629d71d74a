// The service is killed, and before the next attempt the claim is deleted, or annotated with another ServiceAccount.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { startCluster, type TestCluster } from "./support/cluster.ts";
import { report } from "./support/figures.ts";
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
    report(1, `${cases} claims deleted or re-annotated between two attempts: returned or finished, nothing lost`);
  });

  const create = (service: Service, parameters: Readonly<Record<string, string>>) =>
    service.csi.controller("CreateVolume", claimRequestOf(cloud.emulator, volumeName(1), parameters));

  /** Kills a first attempt at `operation`, and gives a fresh service. */
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
    it(`and is deleted, isolation ${isolation}: what exists is returned and DeleteVolume removes it, else the answer is final`, async () => {
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
        const { accounts, containers, roleAssignments } = cloud.census();
        assert.deepEqual([containers, roleAssignments], [[], []], operation);
        assert.equal(
          accounts.length,
          isolation === "pool" ? 1 : 0,
          `${operation}: an account for this volume alone was left behind`,
        );
        await service.kill();
      }
    });
  }

  it("and is annotated with another ServiceAccount: it gets the same volume, open to the new identity alone", async () => {
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
      const { containers, roleAssignments } = cloud.census();
      assert.equal(containers.length, 1);
      assert.deepEqual(
        roleAssignments.map((each) => each.split("|")[1]),
        [second.principalId],
        operation,
      );
      await service.kill();
    }
  });
});
