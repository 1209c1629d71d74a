// What may be logged, and how errors are described.
import assert from "node:assert/strict";
import { addRedacted, describeError, LOGGED_FIELDS } from "../../../src/telemetry/redaction.ts";
import { readSources } from "../../support/sources.ts";

const JWT = `eyJ${"a".repeat(30)}.eyJ${"b".repeat(40)}.${"c".repeat(60)}`;

function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const line = {};
  addRedacted(line, fields);
  return line;
}

describe("redaction", () => {
  it("describes an error by the messages of its causes, without stack or attached objects", () => {
    const inner = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
    const middle = Object.assign(new TypeError(`fetch failed with Bearer ${JWT}`, { cause: inner }), {
      request: { headers: { authorization: `Bearer ${JWT}` } },
    });
    const text = describeError(new Error("sign-in failed", { cause: middle }));
    assert.equal(
      text,
      "sign-in failed: caused by TypeError: fetch failed with Bearer [token]: caused by connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)",
    );
  });

  it("describes circular causes, aggregates, strings and values that are not errors", () => {
    const circular = new Error("round");
    circular.cause = circular;
    assert.equal(describeError(circular), "round");
    assert.equal(describeError(new AggregateError([new Error("a"), new Error("b")])), "AggregateError: a; b");
    assert.equal(describeError("text"), "text");
    assert.equal(describeError(undefined), "undefined");
    assert.equal(describeError({ secret: "x" }), "a thrown object");
    assert.ok(describeError(new Error("x".repeat(10_000))).length < 4100);
  });

  it("keeps only listed fields and names the others", () => {
    const secrets = { headers: { authorization: JWT }, token: JWT, request: "x" };
    const kept = redact({ callId: "c1", milliseconds: 3, step: ["a"], volume: undefined, ...secrets });
    assert.deepEqual(kept, {
      callId: "c1",
      milliseconds: 3,
      dropped: ["step", "headers", "token", "request"],
    });
  });

  it("lists no field that is never logged", () => {
    const writers = readSources("src", ".ts").filter(({ text }) => /\blog\.(error|warn|info|debug)\(/.test(text));
    // What it is notified of becomes the fields of its lines.
    const notified = readSources("src/telemetry", ".ts").filter(({ path }) => path.endsWith("/app-observer.ts"));
    const text = [...writers, ...notified].map((source) => source.text).join();
    const unused = LOGGED_FIELDS.filter((field) => !new RegExp(`\\b${field}\\b`).test(text));
    assert.deepEqual(unused, []);
  });

  it("drops a listed field whose value is an object, since its content is unknown", () => {
    assert.deepEqual(redact({ volume: { secrets: { key: "x" } } }), { dropped: ["volume"] });
    assert.deepEqual(redact({ error: { secrets: "x" } }), { error: "a thrown object" });
  });
});
