// What a claim that fails again and again looks like to `kubectl describe pvc`: one event with a count, and not one for each
// attempt, which would push out the events that matter.
import assert from "node:assert/strict";
import { claim } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";

interface Event {
  readonly message: string;
  readonly count?: number;
}

describe("the events of a claim on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  const hasFailed = trackFailures();

  before(async () => {
    const provisionerFlags = { "retry-interval-start": "100ms", "retry-interval-max": "500ms" };
    installation = await startInstallation({ clusterId: "events", provisionerFlags });
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  // After INVALID_ARGUMENT csi-provisioner itself calls no more for minutes.
  const failures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "knows-no-identity": { identity: "serviceAccount" },
    "names-a-missing-account": { clientID: "11111111-1111-4111-8111-111111111111", storageAccount: "nosuchaccount" },
  };
  for (const [name, parameters] of Object.entries(failures)) {
    it(`are one event with a count, however often the class fails that ${name.replaceAll("-", " ")}`, async () => {
      await installation.applyClass(name, { parameters });
      await installation.apply(claim(name, name));
      const selector = `involvedObject.name=${name},reason=ProvisioningFailed`;
      const read = async () => {
        const text = await installation.plane.kubectl(["get", "events", "--field-selector", selector, "-o", "json"]);
        return (JSON.parse(text) as { items: Event[] }).items;
      };
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
});
