// What `kubectl describe pvc` shows: of a claim that fails again and again one event with a count, and not one for each attempt,
// which would push out the events that matter; and the controller's own events, once each, with the rights of deploy/manifests.
import assert from "node:assert/strict";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { startTaskInCluster } from "../support/task-in-cluster.ts";

const CLUSTER_ID = "events";

interface Event {
  readonly type: string;
  readonly message: string;
  readonly count?: number;
}

describe("the events of a claim on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  const hasFailed = trackFailures();

  before(async () => {
    const provisionerFlags = { "retry-interval-start": "100ms", "retry-interval-max": "500ms" };
    const controllerFlags = ["--drift-check-interval", "off"];
    installation = await startInstallation({ clusterId: CLUSTER_ID, provisionerFlags, controllerFlags });
    trustCloud(installation.driver.ready); // the administrator signs in from this process
    const clientID = installation.driver.ready.identities[0]?.clientId ?? "";
    await installation.applyClass("own", { parameters: { clientID, isolation: "volume" } });
    await installation.apply(claim("lost", "own"), claim("kept", "own"));
    await boundVolume(installation.plane, "kept");
    const { spec } = await boundVolume(installation.plane, "lost");
    const { storageaccount = "", containerName = "" } = spec.csi.volumeAttributes;
    await azureAdministrator(installation.driver.ready).removeContainer(storageaccount, containerName);
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  async function eventsOf(name: string, reason: string): Promise<Event[]> {
    const selector = `involvedObject.kind=PersistentVolumeClaim,involvedObject.name=${name},reason=${reason}`;
    const text = await installation.plane.kubectl(["get", "events", "--field-selector", selector, "-o", "json"]);
    return (JSON.parse(text) as { items: Event[] }).items;
  }

  it("say of a claim whose role assignment is new that Azure has yet to apply it: one of type Normal", async () => {
    const [event, ...others] = await eventually(installation.driver.controller, async () => {
      const found = await eventsOf("kept", "AccessPending");
      assert.ok(found.length > 0);
      return found;
    });
    assert.deepEqual([event?.type, event?.count, others], ["Normal", 1, []]);
    console.log(`      ${event?.message}`);
    const shown = await installation.plane.kubectl(["describe", "pvc", "kept"]);
    assert.match(
      shown,
      /Normal +AccessPending +\S+ +keyless-csi +the volume was opened for the identity with client id/,
    );
  });

  // After INVALID_ARGUMENT csi-provisioner itself calls no more for minutes.
  const failures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "knows-no-identity": { identity: "serviceAccount" },
    "names-a-missing-account": { clientID: "11111111-1111-4111-8111-111111111111", storageAccount: "nosuchaccount" },
  };
  for (const [name, parameters] of Object.entries(failures)) {
    it(`are one event with a count, however often the class fails that ${name.replaceAll("-", " ")}`, async () => {
      await installation.applyClass(name, { parameters });
      await installation.apply(claim(name, name));
      const read = () => eventsOf(name, "ProvisioningFailed");
      const events = await eventually(
        installation.provisioner,
        async () => {
          const items = await read();
          const attempts = items.reduce((sum, { count = 1 }) => sum + count, 0);
          assert.ok(attempts >= 6, `${attempts} attempts`);
          return items;
        },
        60,
      );
      console.log(`      ${events.length} event, count ${events[0]?.count}: ${events[0]?.message}`);
      assert.equal(events.length, 1, events.map(({ message }) => message).join("\n"));
    });
  }

  it("say of a claim that is Bound that its container is gone, once however often that is found, and of no other", async () => {
    const { plane } = installation;
    const check = await startTaskInCluster(installation, CLUSTER_ID, "volume-check");
    try {
      await check.round();
      assert.deepEqual(await eventsOf("lost", "StorageMissing"), []);
      for (let rounds = 0; rounds < 3; rounds++) await check.round();
    } finally {
      await check.stop();
    }
    const [event, ...others] = await eventsOf("lost", "StorageMissing");
    assert.deepEqual([event?.type, event?.count, others], ["Warning", 1, []]);
    console.log(`      ${event?.message}`);
    const shown = await plane.kubectl(["describe", "pvc", "lost"]);
    assert.match(
      shown,
      /Warning +StorageMissing +\S+ +keyless-csi +container pvc-\S+ of this claim is gone from storage account/,
    );
    assert.deepEqual(await eventsOf("kept", "StorageMissing"), []);
  });
});
