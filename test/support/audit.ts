// The audit lines of a log beside the writes that the emulator received: the one has to be the other, request by request.
import assert from "node:assert/strict";
import type { Emulator } from "../../src/emulator/emulator.ts";

/** A line of the log. */
export type LogLine = Readonly<Record<string, string | number | undefined>>;

/** Every line of a log in JSON. */
export function linesOf(text: string): LogLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}

/** The audit lines among them. */
export function auditOf(text: string): LogLine[] {
  return linesOf(text).filter(({ event }) => event === "azure.write");
}

/** What ARM was asked that is no read. */
function writesTo(emulator: Emulator) {
  return (
    emulator.calls
      .report()
      .calls.filter(({ service, method }) => service === "arm" && !["GET", "HEAD"].includes(method))
      // A POST names what is to be done behind the resource.
      .map((call) => (call.method === "POST" ? { ...call, path: call.path.replace(/\/[^/]*$/, "") } : call))
  );
}

/**
 * One audit line for each write that the emulator received since its log was cleared, with the same request id, resource and
 * status, and each with what the reference page promises. Answers the lines.
 */
export function assertAudited(emulator: Emulator, ...logs: readonly string[]): LogLine[] {
  const lines = logs.flatMap(auditOf);
  const inOrder = (each: readonly string[]) => [...each].sort();
  assert.deepEqual(
    inOrder(lines.map(({ requestId = "-", resourceId, status }) => `${requestId} ${resourceId} ${status}`)),
    // Of one that was never answered nobody knows the id.
    inOrder(writesTo(emulator).map(({ id, path, status }) => `${status === 0 ? "-" : id} ${path} ${status}`)),
  );
  for (const line of lines) {
    assert.equal(line["level"], "info");
    assert(line["action"] && line["kind"] && line["result"] && typeof line["milliseconds"] === "number");
    assert.match(String(line["callId"]), /^[0-9a-f-]{36}$/);
    if (line["status"] !== 0) assert.equal(line["correlationId"], line["callId"], "one id joins both logs");
    assert(line["volume"] ?? line["task"], "a line names its volume, or the task that it is of");
    assert("method" in line !== "task" in line);
    if (/roleAssignments$/.test(String(line["kind"]))) assert(line["principalId"] && line["roleId"]);
  }
  return lines;
}

/** `action kind -> result`, without the provider. */
export function deedsOf(lines: readonly LogLine[]): string[] {
  return lines.map(({ action, kind, result }) => `${action} ${String(kind).replace(/^[^/]*\//, "")} -> ${result}`);
}
