// How text becomes a value, kind by kind.
import assert from "node:assert/strict";
import { amount, duration, guid, hostPort, interval, toggle, unixSocket } from "../../../src/config/kinds.ts";
import type { Kind } from "../../../src/config/setting.ts";

function parse<T>(kind: Kind<T>, text: string): T | "wrong" {
  const parsed = kind.parse([text]);
  return "value" in parsed ? parsed.value : "wrong";
}

describe("a setting's value", () => {
  it("of a duration is in milliseconds, up to its limit", () => {
    const kind = duration({ max: "5m" });
    const cases = { "0s": 0, "500ms": 500, "50s": 50_000, "1.5s": 1500, "5m": 300_000 };
    for (const [text, expected] of Object.entries(cases)) assert.equal(parse(kind, text), expected, text);
    for (const text of ["", "5", "5 s", "-5s", "5S", "1h", "301s", "s", "1e3s"]) {
      assert.equal(parse(kind, text), "wrong", text);
    }
  });

  it("of an interval is in milliseconds between its limits, or 0 when it is off", () => {
    const kind = interval({ min: "1m", max: "1h" });
    const cases = { off: 0, OFF: 0, "0": 0, "0s": 0, "1m": 60_000, "90s": 90_000, "1h": 3_600_000 };
    for (const [text, expected] of Object.entries(cases)) assert.equal(parse(kind, text), expected, text);
    for (const text of ["", "59s", "1ms", "61m", "10", "on", "-1m"]) assert.equal(parse(kind, text), "wrong", text);
    assert.ok(
      Object.keys(cases).every((text) => text === "OFF" || new RegExp(String(kind.schema["pattern"])).test(text)),
    );
  });

  it("of a GUID is in lower case", () => {
    assert.equal(parse(guid, "BA92F5B4-2D11-453D-A403-E96B0029C9FE"), "ba92f5b4-2d11-453d-a403-e96b0029c9fe");
    for (const text of ["", "ba92f5b42d11453da403e96b0029c9fe", "{ba92f5b4-2d11-453d-a403-e96b0029c9fe}"]) {
      assert.equal(parse(guid, text), "wrong", text);
    }
  });

  it("of a unix socket is its absolute path, short enough for Linux", () => {
    assert.equal(parse(unixSocket, "unix:///csi/csi.sock"), "/csi/csi.sock");
    assert.equal(parse(unixSocket, "unix:/csi/csi.sock"), "/csi/csi.sock");
    assert.equal(parse(unixSocket, `unix:///${"a".repeat(106)}`), `/${"a".repeat(106)}`);
    for (const text of [
      "/csi/csi.sock",
      "tcp://127.0.0.1:1",
      "unix://csi.sock",
      "unix:",
      `unix:///${"a".repeat(107)}`,
    ]) {
      assert.equal(parse(unixSocket, text), "wrong", text);
    }
  });

  it("of an address is host and port", () => {
    assert.deepEqual(parse(hostPort, "127.0.0.1:8080"), { host: "127.0.0.1", port: 8080 });
    assert.deepEqual(parse(hostPort, "[::1]:0"), { host: "::1", port: 0 });
    assert.deepEqual(parse(hostPort, ":9808"), { host: "::", port: 9808 });
    for (const text of ["8080", "127.0.0.1", "a b:1", "::1:80", "x:65536", "http://x:1"]) {
      assert.equal(parse(hostPort, text), "wrong", text);
    }
  });

  it("of a switch is true or false and nothing else", () => {
    assert.equal(parse(toggle, "true"), true);
    assert.equal(parse(toggle, "False"), false);
    for (const text of ["", "yes", "1"]) assert.equal(parse(toggle, text), "wrong", text);
  });

  it("of a number keeps to its limit and form", () => {
    assert.equal(parse(amount({ max: 5 }), "2.5"), 2.5);
    assert.equal(parse(amount({ max: 5, whole: true }), "2.5"), "wrong");
    for (const text of ["", "6", "-1", "0x1", "1e1", "Infinity"])
      assert.equal(parse(amount({ max: 5 }), text), "wrong");
  });
});
