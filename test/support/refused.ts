// The assertion that a CSI call is refused: with this gRPC code, and a message that says why.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";

/** `message` is matched by an expression, or contained as a text. */
export async function refused(call: Promise<unknown>, code: status, message: RegExp | string): Promise<string> {
  let details = "";
  await assert.rejects(call, (error: { code: status; details: string }) => {
    details = error.details;
    assert.equal(status[error.code], status[code], details);
    if (typeof message === "string") assert(details.includes(message), details);
    else assert.match(details, message);
    return true;
  });
  return details;
}
