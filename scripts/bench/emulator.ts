// The full emulator as a process of its own, for the parts that need Azure's times and limits.
import { join } from "node:path";
import { connectAdmin, type EmulatorAdmin, type ReadyFile } from "../../test/support/emulator-admin.ts";
import { fileWrittenBy, startKeylessCsi } from "../../test/support/processes.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";

export interface EmulatorProcess {
  readonly readyFile: string;
  /** Of the identity that volumes are for. */
  readonly clientId: string;
  readonly admin: EmulatorAdmin;
  figures(): ProcessFigures;
  stop(): Promise<void>;
}

let started = 0;

/** With these flags beside those that say where it is. */
export async function startEmulatorProcess(folder: string, flags: readonly string[]): Promise<EmulatorProcess> {
  started += 1;
  const name = `emulator-${started}`;
  const readyFile = join(folder, `${name}.json`);
  const program = await startKeylessCsi(["emulator", "--ready-file", readyFile, "--quiet", ...flags], {
    name,
    logFolder: folder,
  });
  const ready = JSON.parse(await fileWrittenBy(program, readyFile)) as ReadyFile;
  return {
    readyFile,
    clientId: ready.identities[0]?.clientId ?? "",
    admin: await connectAdmin(ready),
    figures: () => figuresOf(program.id),
    stop: async () => void (await program.stop()),
  };
}
