// How a test expects a CSI call to fail.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";

/** Asserts that the call fails with this gRPC code, and with a message that matches. */
export async function assertRefused(call: Promise<unknown>, code: status, message: RegExp): Promise<void> {
  await assert.rejects(call, (error: { readonly code: status; readonly details: string }) => {
    assert.equal(status[error.code], status[code], error.details);
    assert.match(error.details, message);
    return true;
  });
}
