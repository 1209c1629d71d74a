// SIGTERM in the middle of a hundred creates.
import assert from "node:assert/strict";
import { eventually } from "../support/processes.ts";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { startService } from "./support/service.ts";

const CREATES = 100;

describe("a service that receives SIGTERM in the middle of its work", function () {
  this.timeout(180_000);
  let cloud: Cloud;
  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud?.stop());

  it("finishes the calls in flight, exits with 0, and leaves nothing that a retry does not finish", async () => {
    const service = await startService(cloud, { flags: ["--grace-period", "50s"] });
    const { faults } = cloud.emulator;
    faults.add({ match: { service: "arm", operation: "storageAccounts/create" }, action: { delay: 3_000 } });
    faults.add({ match: { service: "arm", method: "PUT" }, times: -1, action: { delay: 300 } });
    const pending = Array.from({ length: CREATES }, (_, number) =>
      service.csi.controller("CreateVolume", requestOf(cloud.emulator, volumeName(number))).then(
        (answer) => volumeOf(answer).volume_id,
        (error: { code: number }) => error.code,
      ),
    );
    // The account takes 3 s: no call can finish before that.
    await eventually(service.program, async () => {
      const begun = (await service.log()).split("\n").filter((line) => /"step begun".*"step":"account"/.test(line));
      assert.equal(begun.length, CREATES);
    });
    const begun = Date.now();
    const ended = service.stop();
    const answers = await Promise.all(pending);
    const how = await ended;
    const seconds = (Date.now() - begun) / 1000;
    cloud.clearFaults();
    assert.equal(how, 0, await service.log());
    const finished = answers.filter((answer) => typeof answer === "string").length;
    assert.equal(finished, CREATES, "work in flight was dropped, although the grace period had not passed");
    const next = await startService(cloud);
    const ids = new Set<string>();
    for (let number = 0; number < CREATES; number++) {
      const { volume_id: id } = volumeOf(
        await next.csi.controller("CreateVolume", requestOf(cloud.emulator, volumeName(number))),
      );
      const before = answers[number];
      if (typeof before === "string") assert.equal(id, before);
      ids.add(id);
    }
    const { accounts, containers, roleAssignments } = cloud.census();
    assert.deepEqual([accounts.length, containers.length, roleAssignments.length], [1, CREATES, CREATES]);
    assert.equal(ids.size, CREATES);
    await next.stop();
    report(
      10,
      `exit ${how} ${seconds.toFixed(1)} s after SIGTERM: ${finished} of ${CREATES} finished, ${CREATES - finished} left to a retry, 0 half-finished`,
    );
  });
});
