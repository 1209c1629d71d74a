// Which volume and claim the lines of a call name.
import assert from "node:assert/strict";
import { createCallContext } from "../../../src/telemetry/call-context.ts";

const CLAIM = { namespace: "team", name: "data" };
const FORGED = { namespace: "others", name: "secrets" };

describe("the lines of a call", () => {
  const call = (method: string, volume: object) => ({ callId: method, method, volume });

  it("name the claim that CreateVolume was for, whatever the container's metadata says later", async () => {
    const context = createCallContext();
    await context.inCall(call("CreateVolume", { name: "pvc-1", claim: CLAIM }), async () =>
      context.identified({ id: "id-1" }),
    );
    await context.inCall(call("DeleteVolume", { id: "id-1" }), async () => {
      assert.equal(context.fields().claim, "team/data");
      context.identified({ claim: FORGED });
      assert.equal(context.fields().claim, "team/data");
    });
    await context.inTask("check", async () => {
      context.identified({ id: "id-1", claim: FORGED });
      assert.equal(context.fields().claim, "team/data");
    });
  });

  it("name the claim of the metadata where no call has said one", async () => {
    const context = createCallContext();
    await context.inCall(call("DeleteVolume", { id: "id-2" }), async () => {
      context.identified({ claim: CLAIM });
      assert.equal(context.fields().claim, "team/data");
    });
  });
});
