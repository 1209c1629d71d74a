// The program as a process: bin/keyless-csi.mjs with its exit codes and streams.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { VERSION } from "../../src/version.ts";
import { repository } from "../support/sources.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: repository }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const program = join(repository, "bin", "keyless-csi.mjs");

describe("the program", () => {
  it("prints its version", async () => {
    assert.deepEqual(await run([program, "--version"]), { code: 0, stdout: `keyless-csi ${VERSION}\n`, stderr: "" });
  });

  it("without a command exits with 2 and prints help on standard error", async () => {
    const { code, stdout, stderr } = await run([program]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Usage: keyless-csi <command>/);
  });

  it("reports all invalid settings of the controller and exits with 2", async () => {
    const { code, stderr } = await run([program, "controller", "--log-level=loud", "--locaton=x"]);
    assert.equal(code, 2);
    assert.match(stderr, /--locaton: is not a setting of this command; did you mean --location\?/);
    assert.match(stderr, /--log-level "loud": is not known; use error, warn, info, debug/);
    assert.match(stderr, /--cluster-id: is required/);
    assert.doesNotMatch(stderr, /\n +at /);
  });

  it("prints the roles of one controller on standard output, and nothing else", async () => {
    const id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    const scope = ["--subscription-id", id, "--resource-group", "data", "--principal-id", id];
    const { code, stdout, stderr } = await run([program, "roles", ...scope, "--output=json"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout)[0].body.properties.assignableScopes, [`/subscriptions/${id}`]);
  });

  it("loads neither emulator nor demo for another command's help", async () => {
    const script = `
      import { registerHooks } from "node:module";
      registerHooks({ load(url, context, next) {
        if (/src.(emulator|commands.(demo|emulator)[.]ts)/.test(url)) console.error("LOADED", url);
        return next(url, context);
      } });
      process.argv = [process.execPath, ${JSON.stringify(program)}, "controller", "--help"];
      await import(${JSON.stringify(program)});`;
    const { code, stdout, stderr } = await run(["--input-type=module", "-e", script]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /--cluster-id ID/);
  });

  it("refuses to run on an older Node, and says what it found and what to do", async () => {
    const script = `(await import(${JSON.stringify(join(repository, "scripts/require-node.mjs"))})).requireNode("22.1.0")`;
    const { code, stdout, stderr } = await run(["--input-type=module", "-e", script]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /needs Node 24 or later; this is Node 22\.1\.0/);
    assert.match(stderr, /npm ci && npx keyless-csi --help/);
  });
});
