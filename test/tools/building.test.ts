// How the Go tools are built: once, completely or not at all, and with a helpful message when a build is impossible. A stand-in
// for `go` on PATH replaces the compiler, so that these tests do not take minutes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const builder = join(dirname(fileURLToPath(import.meta.url)), "..", "support", "tools.ts");

describe("test tools", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-tools-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("are built once when two processes need them at the same time", async () => {
    // The build takes long enough for the second process to find the first one building.
    await placeGo('echo build >> "$FOLDER/builds"; sleep 1; touch "$out/csi-sanity"');
    const ends = await Promise.all([build(), build()]);
    assert.deepEqual(
      ends.map(({ code }) => code),
      [0, 0],
      ends.map(({ stderr }) => stderr).join("\n"),
    );
    assert.equal(await readFile(join(folder, "builds"), "utf8"), "build\n");
    const [name, ...others] = await readdir(join(folder, "cache", "tools"));
    assert.match(name ?? "", /^sanity-[0-9a-f]{16}$/);
    assert.deepEqual(others, []);
  });

  it("leave nothing in the cache when the build fails, and the failure shows the compiler's output", async () => {
    await placeGo('touch "$out/half"; echo "undefined: frobnicate" >&2; exit 1');
    const { code, stderr } = await build();
    assert.notEqual(code, 0);
    assert.match(stderr, /undefined: frobnicate/);
    assert.deepEqual(await readdir(join(folder, "cache", "tools")), []);
  });

  it("take over the lock of a builder that has died", async () => {
    await placeGo('touch "$out/csi-sanity"');
    await build();
    const tools = join(folder, "cache", "tools");
    const [name = ""] = await readdir(tools);
    await rm(join(tools, name), { recursive: true });
    await writeFile(join(tools, `${name}.lock`), `${await idOfEndedProcess()}\n`);
    const { code, stderr } = await build();
    assert.equal(code, 0, stderr);
    assert.deepEqual(await readdir(tools), [name]);
  });

  it("report a missing Go compiler", async () => {
    const { code, stderr } = await build(folder);
    assert.notEqual(code, 0);
    assert.match(stderr, /Go is not installed \(no `go` on PATH\): tests need Go 1\.26 or later/);
  });

  /** A `go` that answers `go env`, and for `go build -o OUT` runs this shell text with $out and $FOLDER. */
  async function placeGo(onBuild: string): Promise<void> {
    const script = `#!/bin/sh
if [ "$1" = env ]; then echo go1.26-stand-in; exit 0; fi
while [ "$1" != -o ]; do shift; done
out=$2
${onBuild}
`;
    await writeFile(join(folder, "go"), script);
    await chmod(join(folder, "go"), 0o755);
  }

  function build(path = `${folder}:${process.env["PATH"]}`): Promise<{ code: number; stderr: string }> {
    const env = { ...process.env, PATH: path, FOLDER: folder, KEYLESS_CSI_CACHE: join(folder, "cache") };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [builder, "sanity"], { env }, (_error, _stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stderr }),
      );
    });
  }
});

function idOfEndedProcess(): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, ["--version"], (error) =>
      error ? reject(error) : resolve(child.pid ?? 0),
    );
  });
}
