// Log lines as they leave the process.
import assert from "node:assert/strict";
import { createLogger, type LogFields } from "../../../src/telemetry/log.ts";
import { createSink } from "../../support/sink.ts";

const JWT = `eyJ${"a".repeat(30)}.eyJ${"b".repeat(40)}.${"c".repeat(60)}`;

describe("the log", () => {
  it("is one JSON object per line, with time, level, message and fields", () => {
    const sink = createSink();
    const log = createLogger({ level: "info", format: "json", stream: sink.stream });
    log.info("call finished", { callId: "c1", milliseconds: 12 });
    log.warn("two\nlines");
    const [first, second, rest] = sink.text().split("\n");
    const { time, ...line } = JSON.parse(first ?? "");
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(line, { level: "info", message: "call finished", callId: "c1", milliseconds: 12 });
    assert.equal(JSON.parse(second ?? "").message, "two\nlines");
    assert.equal(rest, "");
  });

  it("omits what is below its level", () => {
    const sink = createSink();
    const log = createLogger({ level: "warn", format: "json", stream: sink.stream });
    log.info("no");
    log.debug("no");
    log.error("yes");
    assert.deepEqual(sink.text().match(/"message":"\w+"/g), ['"message":"yes"']);
  });

  it("computes the fields of a debug line only where it is written", () => {
    for (const [level, times] of [
      ["info", 0],
      ["debug", 1],
    ] as const) {
      const sink = createSink();
      let computed = 0;
      createLogger({ level, format: "json", stream: sink.stream }).debug("x", () => ({ step: `${++computed}` }));
      assert.equal(computed, times);
      assert.equal(sink.text().includes('"step":"1"'), times === 1);
    }
  });

  it("holds no token in message, field, error, its cause or dropped field", () => {
    for (const level of ["info", "debug"] as const) {
      for (const format of ["json", "text"] as const) {
        const sink = createSink();
        const log = createLogger({ level, format, stream: sink.stream });
        const error = new Error(`refused ${JWT}`, { cause: new Error(JWT) });
        const smuggled = { headers: JWT, [JWT]: "x" } as LogFields;
        log.error(`failed with ${JWT}`, { endpoint: `https://x/?sig=${JWT}`, error, ...smuggled });
        assert.doesNotMatch(sink.text(), /eyJ/);
        assert.match(sink.text(), /headers/);
      }
    }
  });

  it("shows the stack of an error at level debug only", () => {
    for (const [level, shown] of [
      ["info", false],
      ["debug", true],
    ] as const) {
      const sink = createSink();
      createLogger({ level, format: "json", stream: sink.stream }).error("x", { error: new Error("y") });
      assert.equal("stack" in JSON.parse(sink.text()), shown);
    }
  });

  it("in text format has time, level, message and fields on one line", () => {
    const sink = createSink();
    const log = createLogger({ level: "info", format: "text", stream: sink.stream });
    log.info("serving", { endpoint: "/csi/csi.sock", error: "two\nlines" });
    assert.match(
      sink.text(),
      /^\d\d:\d\d:\d\d\.\d{3} info {2}serving {2}endpoint=\/csi\/csi\.sock {2}error="two\\nlines"\n$/,
    );
  });

  it("in text format has no line that a message has brought along", () => {
    const sink = createSink();
    const log = createLogger({ level: "info", format: "text", stream: sink.stream });
    log.warn("no ServiceAccount x\n11:32:05.123 info  Azure write\u2028  action=delete");
    assert.equal(sink.text().split(/[\n\r\u2028]/).length, 2);
    assert.match(sink.text(), /x 11:32:05\.123 info {2}Azure write {3}action=delete\n$/);
  });
});
