// Settings from their four sources, and what is reported when they are invalid.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHelp, toJsonSchema } from "../../../src/config/help.ts";
import { amount, choice, duration, list, pattern, toggle } from "../../../src/config/kinds.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { toLine } from "../../../src/config/problem.ts";
import { optional, setting } from "../../../src/config/setting.ts";
import { pattern as patternOf } from "../../../src/text/values.ts";

const group = "Test";
const name = pattern("NAME", patternOf(/^[a-z0-9]+$/, { wrong: "is not a name", fix: "use letters and digits" }));
const table = {
  "color-name": setting(choice(["red", "green", "blue"]), { group, help: "", fallback: "red", alsoFrom: ["COLOR"] }),
  "wait-time": setting(duration({ max: "1m" }), { group, help: "", fallback: "10s" }),
  "many-names": setting(list(name), { group, help: "", fallback: "" }),
  verbose: setting(toggle, { group, help: "", fallback: "false" }),
  owner: optional(name, { group, help: "" }),
  size: optional(amount({ max: 10, whole: true }), { group, help: "" }),
  yes: setting(toggle, { group, help: "", fallback: "false", onlyFrom: "command line" }),
};

describe("settings", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "keyless-csi-settings-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function file(text: string): string {
    const path = join(folder, "settings.yaml");
    writeFileSync(path, text);
    return path;
  }

  function values(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const loaded = loadSettings(table, { argv, env });
    assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.map(toLine).join("\n"));
    return loaded.values;
  }

  function problems(argv: readonly string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
    const loaded = loadSettings(table, { argv, env });
    assert.ok(!loaded.ok);
    return loaded.problems.map(toLine);
  }

  it("without any source are the defaults, parsed", () => {
    assert.deepEqual(values([]), {
      colorName: "red",
      waitTime: 10_000,
      manyNames: [],
      verbose: false,
      owner: undefined,
      size: undefined,
      yes: false,
    });
  });

  it("are taken from flag before environment before file before default", () => {
    const config = file("color-name: blue\nwait-time: 1s\nowner: file\nsize: 3\n");
    const env = { KEYLESS_CSI_COLOR_NAME: "green", KEYLESS_CSI_WAIT_TIME: "2s", KEYLESS_CSI_OWNER: "environment" };
    const loaded = values(["--config", config, "--color-name=red", "--wait-time", "3s"], env);
    assert.equal(loaded.colorName, "red");
    assert.equal(loaded.waitTime, 3000);
    assert.equal(loaded.owner, "environment");
    assert.equal(loaded.size, 3);
  });

  it("take the second environment name only when the first is empty or absent", () => {
    assert.equal(values([], { COLOR: "blue" }).colorName, "blue");
    assert.equal(values([], { COLOR: "blue", KEYLESS_CSI_COLOR_NAME: "green" }).colorName, "green");
    assert.equal(values([], { COLOR: "blue", KEYLESS_CSI_COLOR_NAME: "" }).colorName, "blue");
  });

  it("name the file in the environment too", () => {
    assert.equal(values([], { KEYLESS_CSI_CONFIG: file("owner: anna") }).owner, "anna");
  });

  it("keep the file's scalars as written", () => {
    assert.equal(values(["--config", file("owner: 007\nverbose: true\n")]).owner, "007");
    assert.equal(values(["--config", file("owner: 1e3\n")]).owner, "1e3");
  });

  it("are unset by an empty flag, whatever the file says", () => {
    assert.equal(values(["--config", file("owner: anna"), "--owner="]).owner, undefined);
  });

  it("take lists repeated, separated by commas, and as YAML sequences", () => {
    assert.deepEqual(values(["--many-names", "a,b", "--many-names=c"]).manyNames, ["a", "b", "c"]);
    assert.deepEqual(values(["--config", file("many-names: [a, b]")]).manyNames, ["a", "b"]);
    assert.deepEqual(values([], { KEYLESS_CSI_MANY_NAMES: "a, b" }).manyNames, ["a", "b"]);
  });

  it("take switches alone, negated and with a value", () => {
    assert.equal(values(["--verbose"]).verbose, true);
    assert.equal(values(["--no-verbose"], { KEYLESS_CSI_VERBOSE: "true" }).verbose, false);
    assert.equal(values(["--verbose=false"]).verbose, false);
    assert.deepEqual(problems(["--verbose", "yes"]), ['argument "yes": is not expected; settings are --flags']);
  });

  it("take values that begin with a dash", () => {
    assert.deepEqual(problems(["--owner", "-5"]), ['--owner "-5": is not a name; use letters and digits']);
  });

  it("report every problem of every source at once", () => {
    const config = file("colour-name: red\nsize: [1]\n");
    const argv = ["--config", config, "stray", "--wait-time", "2h", "--owner", "--wait-tim", "5s", "--many-names=a,B"];
    assert.deepEqual(problems(argv, { COLOR: "pink" }), [
      'argument "stray": is not expected; settings are --flags',
      "--owner: needs a value",
      "--wait-tim: is not a setting of this command; did you mean --wait-time?",
      "settings.yaml: colour-name: is not a setting of this command; did you mean color-name?",
      "settings.yaml: size: has the wrong shape; write one value, or a list where it may repeat",
      'COLOR "pink": is not known; use red, green, blue',
      '--wait-time "2h": is too long; use at most 1m',
      '--many-names: "B" is not a name; use letters and digits',
    ]);
  });

  it("accept a confirmation on the command line only", () => {
    assert.equal(values(["--yes"]).yes, true);
    assert.equal(values(["--yes"], { KEYLESS_CSI_YES: "" }).yes, true);
    const only = "is accepted on the command line only; remove it and give --yes there";
    for (const text of ["true", "false"]) {
      assert.deepEqual(problems([], { KEYLESS_CSI_YES: text }), [`KEYLESS_CSI_YES: ${only}`]);
      assert.deepEqual(problems(["--config", file(`yes: ${text}\n`)]), [`settings.yaml: yes: ${only}`]);
    }
    assert.deepEqual(problems(["--yes"], { KEYLESS_CSI_YES: "true" }), [`KEYLESS_CSI_YES: ${only}`]);
  });

  it("mark a confirmation in help as command line only, and leave it out of the file's schema", () => {
    assert.match(toHelp(table), /--\[no-\]yes\n.*\n {6}\[default: false; command line only\]/);
    assert.ok(!("yes" in (toJsonSchema(table, "").properties as object)));
  });

  it("refuse a flag that is given twice", () => {
    assert.deepEqual(problems(["--size", "1", "--size", "2"]), ['--size "2": is given twice; give it once']);
  });

  it("never show the value of an unknown setting", () => {
    const shown = problems(["--client-secret=hunter2"]).join("\n");
    assert.match(shown, /--client-secret/);
    assert.doesNotMatch(shown, /hunter2/);
  });

  it("say what is wrong with the file itself, and no more: what it would have given is not missing", () => {
    const missing = [{ setting: "owner", source: "--owner", problem: "is required" }];
    const argv = ["--config", join(folder, "none.yaml")];
    const loaded = loadSettings(table, { argv, env: {} }, () => missing);
    assert.deepEqual(!loaded.ok && loaded.problems.map(({ setting }) => setting), ["config"]);
    assert.match(problems(["--config", join(folder, "none.yaml")])[0] ?? "", /does not exist; name a file that does/);
    assert.match(problems(["--config", file("a: [")])[0] ?? "", /is not YAML: /);
    assert.match(problems(["--config", file("owner: a\nowner: b")])[0] ?? "", /is not YAML: .*unique/);
    assert.match(problems(["--config", file("- a\n")])[0] ?? "", /must hold one mapping/);
    assert.equal(values(["--config", file("# nothing\n")]).owner, undefined);
  });

  it("treat names of the prototype as unknown", () => {
    assert.match(
      problems(["--config", file("__proto__: a\nconstructor: b\n")]).join("\n"),
      /__proto__: is not a setting/,
    );
    assert.match(problems(["--to-string=1"])[0] ?? "", /is not a setting/);
    assert.match(problems(["--constructor=1"])[0] ?? "", /is not a setting/);
  });

  it("pass what could be parsed to the check, and ignore what it says of settings that are already invalid", () => {
    const check = (draft: { size?: number | undefined; owner?: string | undefined }) => {
      assert.equal(draft.size, 4);
      return [
        { setting: "owner", source: "--owner", problem: "is required" },
        { setting: "verbose", source: "--verbose", problem: "is required" },
      ];
    };
    const loaded = loadSettings(table, { argv: ["--owner", "!", "--size", "4"], env: {} }, check);
    assert.ok(!loaded.ok);
    assert.deepEqual(loaded.problems.map(toLine), [
      '--owner "!": is not a name; use letters and digits',
      "--verbose: is required",
    ]);
  });

  it("show control characters escaped and long values cut", () => {
    const [line = ""] = problems(["--owner", `\u001b[31m${"x".repeat(200)}`]);
    assert.ok(line.startsWith('--owner "\\u001b[31mxxx'));
    assert.ok(line.length < 180);
  });
});
