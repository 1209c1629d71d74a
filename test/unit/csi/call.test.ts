import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { codeFor, isFinal } from "../../../src/csi/call.ts";
import { DriverError, isTransient, REASONS } from "../../../src/errors.ts";

describe("the table from reasons to gRPC codes", () => {
  it("a reason that calls itself transient has a code that csi-provisioner retries", () => {
    for (const reason of REASONS) {
      const error = new DriverError(reason, "x");
      if (isTransient(error)) assert(!isFinal(codeFor(error)), reason);
    }
  });

  it("what is unfinished never answers a final code, whatever the reason", () => {
    for (const reason of REASONS) {
      const code = codeFor(DriverError.unfinished(new DriverError(reason, "x")));
      assert(!isFinal(code), `${reason} answered ${status[code]}`);
    }
    assert.equal(codeFor(DriverError.unfinished(new TypeError("bug"))), status.UNAVAILABLE);
  });

  it("an unknown error is INTERNAL, which is final", () => {
    assert.equal(codeFor(new TypeError("bug")), status.INTERNAL);
    assert(isFinal(status.INTERNAL));
  });

  it("only what the class or the claim makes impossible is INVALID_ARGUMENT", () => {
    const invalid = REASONS.filter((reason) => codeFor(new DriverError(reason, "x")) === status.INVALID_ARGUMENT);
    assert.deepEqual(invalid, ["InvalidRequest"]);
  });
});
