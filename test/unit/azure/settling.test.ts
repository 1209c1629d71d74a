// Refusals in the first ten minutes of a process may be Azure's replication; later they are what they say.
import assert from "node:assert/strict";
import { createHttpHeaders, createPipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { toDriverError } from "../../../src/azure/faults.ts";
import { createSettlingMark } from "../../../src/azure/settling.ts";

const MINUTE_MS = 60_000;

describe("a refusal of ARM", () => {
  /** The error for an answer that came so long after the start. */
  async function refusedAfter(minutes: number, statusCode: number, code: string, headers: object = {}) {
    let ms = 123_456;
    const mark = createSettlingMark(() => ms);
    ms += minutes * MINUTE_MS;
    const request = createPipelineRequest({ url: "https://arm.example/subscriptions/s" });
    const answer: PipelineResponse = { request, status: statusCode, headers: createHttpHeaders({ ...headers }) };
    const response = await mark.sendRequest(request, async () => answer);
    return toDriverError(new RestError("refused", { statusCode, code, request, response }), "reading x");
  }

  for (const [code, statusCode, settled] of [
    ["AuthorizationFailed", 403, "Forbidden"],
    ["LinkedAuthorizationFailed", 403, "Forbidden"],
    ["RoleDefinitionDoesNotExist", 404, "Misconfigured"],
    ["RoleAssignmentScopeNotAssignableToRoleDefinition", 400, "Misconfigured"],
  ] as const) {
    it(`${code} is Unavailable for ten minutes after the start, and ${settled} from then on`, async () => {
      for (const minutes of [0, 9.99]) {
        const { reason, message } = await refusedAfter(minutes, statusCode, code);
        assert.equal(reason, "Unavailable");
        assert.match(
          message,
          /`keyless-csi roles`.*take minutes to be in force everywhere in Azure: it is tried again$/,
        );
      }
      const late = await refusedAfter(10, statusCode, code);
      assert.equal(late.reason, settled);
      assert.match(late.message, /; role definitions and assignments take minutes to be in force everywhere in Azure$/);
      const forged = await refusedAfter(10, statusCode, code, { "x-keyless-csi-settling": "true" });
      assert.equal(forged.reason, settled);
    });
  }

  it("for another reason is what it says from the start", async () => {
    assert.equal((await refusedAfter(0, 403, "RequestDisallowedByPolicy")).reason, "Misconfigured");
    assert.equal((await refusedAfter(0, 401, "InvalidAuthenticationToken")).reason, "Unauthenticated");
    assert.equal((await refusedAfter(0, 409, "ScopeLocked")).reason, "InUse");
    for (const code of ["RequestDisallowedByPolicy", "ScopeLocked", "DenyAssignmentAuthorizationFailed"])
      assert.doesNotMatch((await refusedAfter(0, 403, code)).message, /take minutes/, code);
  });
});
