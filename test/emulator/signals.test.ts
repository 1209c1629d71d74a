// How the emulator ends, as a process: by each signal that a terminal or a service manager sends.
import { deepEqual, equal } from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileWrittenBy, type Program, startProgram } from "../support/processes.ts";
import { repository } from "../support/sources.ts";

const PROGRAM = join(repository, "bin", "keyless-csi.mjs");

describe("a signal to the emulator", function () {
  this.timeout(60_000); // a guard against a hang only
  let folder: string;
  let program: Program | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-signal-"));
  });
  afterEach(async () => {
    await program?.stop();
    await rm(folder, { recursive: true });
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`of kind ${signal} lets it keep its state and take its secrets away`, async () => {
      const [readyFile, state] = [join(folder, "ready.json"), join(folder, "state.json")];
      const argv = [PROGRAM, "emulator", "--ready-file", readyFile, "--state", state];
      program = await startProgram(process.execPath, argv, { name: "emulator", logFolder: folder });
      await fileWrittenBy(program, readyFile);
      process.kill(program.id, signal);
      equal(await program.ended, 0);
      deepEqual((await readdir(folder)).sort(), ["emulator.log", "state.json", "state.json.blobs"]);
    });
  }
});
