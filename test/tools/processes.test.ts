// What tests rely on when they wait for a program's file, and when kubectl ends.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runKubectl } from "../support/control-plane.ts";
import { fileWrittenBy, type Program, startProgram } from "../support/processes.ts";

describe("a file that a program writes", () => {
  let folder: string;
  let program: Program | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-file-"));
  });
  afterEach(async () => {
    await program?.stop();
    await rm(folder, { recursive: true });
  });

  const start = async (script: string) => {
    program = await startProgram("sh", ["-c", script, "sh", folder], { name: "writer", logFolder: folder });
    return program;
  };

  it("is not read while it exists and is empty, when it must be whole", async () => {
    const path = join(folder, "port");
    await writeFile(path, "");
    const writer = await start('until [ -e "$1/go" ]; do :; done; printf "4711\\n/path" > "$1/port"; exec sleep 60');
    const text = fileWrittenBy(writer, path, (now) => now.includes("\n"));
    await writeFile(join(folder, "go"), "");
    assert.equal(await text, "4711\n/path");
  });

  it("is not waited for when the program has ended", async () => {
    const writer = await start("echo no disk >&2; exit 3");
    await assert.rejects(fileWrittenBy(writer, join(folder, "port")), /writer ended \(3\) .*:\nno disk/);
  });
});

describe("kubectl that ends without reading its input", () => {
  const unread = "x".repeat(4 << 20); // more than a pipe holds

  it("is judged by its exit status", async () => {
    assert.equal(await runKubectl("true", [], unread), "");
    await assert.rejects(runKubectl("false", [], unread), /^Error: kubectl /);
  });
});
