// docs/reference/errors.md against the code, both ways: every reason, its gRPC code, and whether csi-provisioner forgets the
// volume after it.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { codeFor, isFinal } from "../../src/csi/call.ts";
import { DriverError, REASONS } from "../../src/errors.ts";
import { readTable } from "../support/documents.ts";

describe("docs/reference/errors.md", () => {
  const rows = readTable("docs/reference/errors.md", "reason");

  it("lists all reasons of src/errors.ts, in the same order", () => {
    assert.deepEqual(
      rows.map(([reason]) => reason),
      [...REASONS],
    );
  });

  it("gives the code of each reason in csi/call.ts, and whether it is final", () => {
    const inCode = REASONS.map((reason) => {
      const code = codeFor(new DriverError(reason, ""));
      return [reason, status[code], isFinal(code) ? "yes" : "no"];
    });
    assert.deepEqual(
      rows.map((row) => row.slice(0, 3)),
      inCode,
    );
  });

  it("says when each occurs", () => {
    for (const [reason, , , when = ""] of rows) assert.match(when, /\w{3,}.*\.$/, reason);
  });
});
