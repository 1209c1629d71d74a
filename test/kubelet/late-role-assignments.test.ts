// A role assignment takes effect only some time after it was created. The kubelet's retries outlast that: the pod waits, its
// event says for what, the claim's that there is nothing to do, and then it runs.
import assert from "node:assert/strict";
import { eventOf } from "../support/cluster-objects.ts";
import { trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { claim, NOT_ROOT, pod, refusedMount, running, shell } from "./support/pods.ts";
import { OUR_DRIVER, type Stage, startStage } from "./support/stage.ts";
import { addTenants, applyShippedClasses, storageOf } from "./support/tenants.ts";

/** Long enough for the slowest machine to see the refusal; the emulator's clock is advanced afterwards. */
const PROPAGATION = 600;

describe("a pod whose role assignment is not in effect yet", function () {
  this.timeout(180_000); // a guard against a hang only
  let stage: Stage;
  const hasFailed = trackFailures();

  before(async () => {
    stage = await startStage({ nodeDriver: OUR_DRIVER, propagationSeconds: PROPAGATION });
    await addTenants(stage);
    await applyShippedClasses(stage);
  });
  after(() => stage?.stop({ keepLogs: hasFailed() }));

  it("waits with Azure's refusal in its event, and runs once it is", async () => {
    await stage.apply(
      claim({ name: "data", namespace: "team", className: "keyless" }),
      pod({ name: "early", namespace: "team", claim: "data", securityContext: NOT_ROOT }),
    );
    const message = await eventually(stage.kubelet, () => eventOf(stage.plane, "early", "FailedMount", "team"));
    assert.match(message, refusedMount(stage, /AuthorizationPermissionMismatch/));
    assert.match(await eventOf(stage.plane, "data", "AccessPending", "team"), /FailedMount with 403.*nothing to do/);
    await stage.driver.admin.advance(PROPAGATION);
    await running(stage, "team", "early");
    await shell(stage, "team", "early", "echo late but here > /data/hello && sync /data/hello");
    assert.equal(await (await storageOf(stage, "team", "data")).read("hello"), "late but here\n");
  });
});
