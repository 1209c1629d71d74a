import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { runCommandLine } from "../../src/command-line.ts";
import { CATALOGUE } from "../../src/commands/catalogue.ts";
import type { EmulatorInfo } from "../../src/emulator/ready-file.ts";
import { ALL_VARIANTS } from "../../src/emulator/variants.ts";
import { createSink } from "../support/sink.ts";

describe("the emulator command", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "emulator-command-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(argv: readonly string[], signal = new AbortController().signal) {
    const [stdout, stderr] = [createSink(), createSink()];
    const around = {
      env: {},
      stdout: stdout.stream,
      stderr: stderr.stream,
      signal,
      catalogue: CATALOGUE,
      version: "0",
    };
    const code = runCommandLine({ ...around, argv: ["emulator", ...argv] });
    return { code, stdout, stderr };
  }

  it("prints its addresses, and at a signal exits with 0 and leaves no file", async () => {
    const stop = new AbortController();
    const readyFile = join(folder, "emulator.json");
    const { code, stdout } = run(["--ready-file", readyFile, "--imds", "127.0.0.1:0"], stop.signal);
    while (!readdirSync(folder).includes("emulator.json")) await new Promise((resolve) => setTimeout(resolve, 10));
    const info = JSON.parse(readFileSync(readyFile, "utf8")) as EmulatorInfo;
    match(info.imdsEndpoint ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    stop.abort("SIGTERM");
    equal(await code, 0);
    match(stdout.text(), new RegExp(`Resource Manager +${info.armEndpoint}\n`));
    match(stdout.text(), new RegExp(`Ready file +${readyFile}\n`));
    deepEqual(readdirSync(folder), []);
  });

  it("has all variants of Azure with --realistic, each with a flag of its own", async () => {
    const stop = new AbortController();
    // Relative, as people write it: what it names is found from any folder.
    const readyFile = relative(process.cwd(), join(folder, "emulator.json"));
    const flags = ["--realistic", "--list-lag-seconds", "5", "--poll-needs-right=false", "--quiet"];
    const { code } = run(["--ready-file", readyFile, ...flags], stop.signal);
    while (!readdirSync(folder).includes("emulator.json")) await new Promise((resolve) => setTimeout(resolve, 10));
    const { adminEndpoint, adminSecret, caFile } = JSON.parse(readFileSync(readyFile, "utf8")) as EmulatorInfo;
    equal(caFile, join(folder, "emulator-ca.pem"));
    const headers = { "x-emulator-secret": adminSecret };
    const options = { headers, ca: readFileSync(caFile) };
    const shown = await new Promise<string>((resolve, reject) => {
      get(`${adminEndpoint}/variants`, options, (answer) => resolve(text(answer))).on("error", reject);
    });
    const unreported = { containersNeedDataAction: false };
    deepEqual(JSON.parse(shown), { ...ALL_VARIANTS, ...unreported, assignmentListLagMs: 5000, pollNeedsRight: false });
    stop.abort("SIGTERM");
    equal(await code, 0);
  });

  it("prints nothing with --quiet", async () => {
    const { code, stdout } = run(["--quiet"], AbortSignal.abort("SIGINT"));
    equal(await code, 0);
    equal(stdout.text(), "");
  });

  it("listens where others reach it only under a name that --reachable-as states", async () => {
    const refused = run(["--reachable-as", "https://azure.demo.svc", "--listen", "127.0.0.1"]);
    equal(await refused.code, 2);
    match(refused.stderr.text(), /--reachable-as ".*": is not a host name/);
    match(refused.stderr.text(), /"127\.0\.0\.1" is not an address/);
    const named = run(["--reachable-as", "azure.demo.svc"], AbortSignal.abort("SIGINT"));
    equal(await named.code, 0);
    match(named.stdout.text(), /^The keyless-csi emulator .* for demos only, since others reach it/);
    match(named.stdout.text(), /Resource Manager +https:\/\/azure\.demo\.svc:\d+\n/);
  });

  it("refuses an address that is not loopback, and a ready file that cannot be written", async () => {
    const open = run(["--listen", "0.0.0.0:443", "--imds", "10.0.0.1:80"]);
    equal(await open.code, 2);
    match(open.stderr.text(), /0\.0\.0\.0:443.*is not loopback/);
    match(open.stderr.text(), /10\.0\.0\.1:80.*is not loopback/);
    const lost = run(["--ready-file", join(folder, "no", "such", "folder.json")]);
    equal(await lost.code, 2);
    match(lost.stderr.text(), /--ready-file ".*": is in folder .*such, which does not exist; create the folder/);
  });
});
