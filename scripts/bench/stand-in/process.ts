// Starts the stand-in as a process of its own, and talks to its admin path.
import { mkdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileWrittenBy, type Program, startProgram } from "../../../test/support/processes.ts";
import { figuresOf, type ProcessFigures } from "../process-figures.ts";
import type { CallCounts } from "./calls.ts";
import { CALLS_PATH, SETTINGS_PATH, type StandInSettings } from "./server.ts";

/** A running stand-in for Azure and the API server. */
export interface StandInProcess {
  readonly program: Program;
  readonly cloudFile: string;
  readonly kubeconfig: string;
  counts(): Promise<CallCounts>;
  /** Counts from 0 again; what was created stays. */
  reset(): Promise<void>;
  /** Replaces all settings: what is left out is as at the start. */
  set(settings: StandInSettings): Promise<void>;
  figures(): ProcessFigures;
  stop(): Promise<void>;
}

/** Its files go into a new folder under `parent`. */
export async function startStandInProcess(parent: string, name = "stand-in"): Promise<StandInProcess> {
  const folder = join(parent, name);
  await mkdir(folder);
  const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
  const program = await startProgram(process.execPath, [main, folder], { name, logFolder: parent });
  const cloudFile = join(folder, "cloud.json");
  const { armEndpoint } = JSON.parse(await fileWrittenBy(program, cloudFile, (text) => text.endsWith("}\n"))) as {
    readonly armEndpoint: string;
  };
  const agent = new Agent({ ca: await readFile(join(folder, "ca.pem")), keepAlive: false });
  const ask = async (method: string, path: string, body = "") =>
    JSON.parse(await send(agent, method, `${armEndpoint}${path}`, body)) as CallCounts;
  return {
    program,
    cloudFile,
    kubeconfig: join(folder, "kubeconfig"),
    counts: () => ask("GET", CALLS_PATH),
    reset: async () => void (await ask("DELETE", CALLS_PATH)),
    set: async (settings) => void (await ask("PUT", SETTINGS_PATH, JSON.stringify(settings))),
    figures: () => figuresOf(program.id),
    stop: async () => void (await program.stop()),
  };
}

function send(agent: Agent, method: string, url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    });
    call.on("error", reject);
    call.end(body);
  });
}
