// The command line: help, versions, problems, failures and their exit codes, without a process.
import assert from "node:assert/strict";
import { runCommandLine } from "../../src/command-line.ts";
import type { CatalogueEntry } from "../../src/commands/catalogue.ts";
import { CATALOGUE } from "../../src/commands/catalogue.ts";
import { type Command, defineCommand } from "../../src/commands/command.ts";
import { operatorSettings } from "../../src/commands/operator-settings.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { amount } from "../../src/config/kinds.ts";
import { optional, setting } from "../../src/config/setting.ts";
import { DriverError } from "../../src/errors.ts";
import { createSink } from "../support/sink.ts";

const settings = {
  count: setting(amount({ max: 9 }), { group: "Numbers", help: "how many times it is done", fallback: "2" }),
  size: optional(amount({ max: 9 }), { group: "Numbers", help: "how large it is", absent: "as large as it gets" }),
};
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";

function catalogue(run: Command<typeof settings>["run"]): readonly CatalogueEntry[] {
  return [
    {
      name: "count",
      summary: "count things",
      load: async () => ({ command: defineCommand({ settings, run }) as Command }),
    },
    { name: "emulator", summary: "run Azure", load: undefined },
  ];
}

async function run(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
  work: Command<typeof settings>["run"] = count,
) {
  const stdout = createSink();
  const stderr = createSink();
  const code = await runCommandLine({
    argv,
    env,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
    catalogue: catalogue(work),
    version: "1.2.3",
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const count: Command<typeof settings>["run"] = async ({ values, stdout }) => {
  stdout.write(`counted ${values.count}\n`);
  return 3;
};

describe("the command line", () => {
  it("runs a command with its values and exits with the command's exit code", async () => {
    assert.deepEqual(await run(["count", "--count=4"]), { code: 3, stdout: "counted 4\n", stderr: "" });
  });

  it("without a command shows help on standard error and exits with 2", async () => {
    const { code, stdout, stderr } = await run([]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /Usage: keyless-csi <command>.+ {2}count +count things/s);
  });

  it("shows help and version on standard output when asked, and exits with 0", async () => {
    for (const argv of [["--help"], ["-h"], ["help"]]) {
      const { code, stdout, stderr } = await run(argv);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /Exit codes: 0 done, 1 failed, 2 usage error, 3 /);
    }
    assert.deepEqual(await run(["--version"]), { code: 0, stdout: "keyless-csi 1.2.3\n", stderr: "" });
  });

  it("shows a command's settings with group, default and environment name", async () => {
    const { code, stdout } = await run(["count", "--count=99", "--help"]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /Numbers:\n {2}--count NUMBER\n {6}how many times it is done\n {6}\[default: 2; environment: KEYLESS_CSI_COUNT\]/,
    );
    assert.match(stdout, /\[default: as large as it gets; environment: KEYLESS_CSI_SIZE\]/);
    assert.match(stdout, /--config FILE/);
    assert.equal((await run(["help", "count"])).stdout, stdout);
  });

  it("refuses an unknown command with the nearest known one and exits with 2", async () => {
    assert.deepEqual(await run(["cuont"]), {
      code: 2,
      stdout: "",
      stderr: 'keyless-csi: unknown command "cuont"; did you mean count?\n',
    });
    assert.match((await run(["--count=1"])).stderr, /unknown command "--count=1"; see keyless-csi --help/);
  });

  it("reports every invalid setting, one per line, and exits with 2 without running", async () => {
    const { code, stdout, stderr } = await run(["count", "--count=x", "--siez=1"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(
      stderr,
      "keyless-csi count: 2 invalid settings\n" +
        "  --siez: is not a setting of this command; did you mean --size?\n" +
        '  --count "x": is not a number; use a number from 0 to 9\n' +
        "See keyless-csi count --help.\n",
    );
  });

  it("says when a build contains no emulator, and exits with 2", async () => {
    for (const argv of [["emulator"], ["help", "emulator"]]) {
      assert.deepEqual(await run(argv), {
        code: 2,
        stdout: "",
        stderr: "keyless-csi emulator: this build contains no emulator\n",
      });
    }
  });

  it("prints only the message of a DriverError and exits with 1", async () => {
    const cause = new Error("secret cause");
    const ended = await run(["count"], { KEYLESS_CSI_DEBUG: "1" }, async () => {
      throw new DriverError("Unavailable", "Azure cannot be reached: check the network", { cause });
    });
    assert.deepEqual(ended, {
      code: 1,
      stdout: "",
      stderr: "keyless-csi: Azure cannot be reached: check the network\n",
    });
  });

  it("calls any other error a bug, with a stack only on request, and never with a token", async () => {
    const fail = async () => {
      throw new TypeError(`cannot read ${JWT}`);
    };
    const quiet = await run(["count"], {}, fail);
    assert.deepEqual(quiet, {
      code: 1,
      stdout: "",
      stderr: "keyless-csi: TypeError: cannot read [token] (this is a bug; KEYLESS_CSI_DEBUG=1 shows where)\n",
    });
    const loud = await run(["count"], { KEYLESS_CSI_DEBUG: "1" }, fail);
    assert.match(loud.stderr, /\n +at /);
    assert.doesNotMatch(loud.stderr, /eyJ/);
  });
});

describe("the commands", () => {
  for (const entry of CATALOGUE) {
    it(`include ${entry.name}, which loads and has help`, async () => {
      assert.ok(entry.load);
      const { command } = await entry.load();
      assert.equal(typeof command.run, "function");
      for (const row of Object.values(command.settings)) assert.ok(row.help.length > 0 && row.group.length > 0);
    });
  }

  it("explains every command in 80 columns", async () => {
    for (const argv of [["--help"], ...CATALOGUE.map(({ name }) => [name, "--help"])]) {
      const stdout = createSink();
      const stderr = createSink();
      const streams = { stdout: stdout.stream, stderr: stderr.stream, signal: new AbortController().signal };
      await runCommandLine({ argv, env: {}, ...streams, catalogue: CATALOGUE, version: "1.2.3" });
      const lines = stdout.text().split("\n");
      assert.ok(lines.length > 5, argv.join(" "));
      assert.deepEqual(
        lines.filter((line) => [...line].length > 80),
        [],
        argv.join(" "),
      );
    }
  });

  it("lists a command's own settings before those of the controller", async () => {
    for (const { name, load } of CATALOGUE) {
      const rows = Object.entries((await load?.())?.command.settings ?? {});
      const shared = new Map<string, unknown>([
        ...Object.entries(operatorSettings),
        ...Object.entries(controllerSettings),
      ]);
      const isShared = rows.map(([flag, row]) => row === shared.get(flag) || flag === "kubeconfig");
      assert.deepEqual(isShared, isShared.toSorted(), name);
    }
  });
});
