// The bundle of the container image, started as in the image: alone in an empty folder, without node_modules.
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BUNDLES, bundle } from "../../scripts/bundle.ts";
import { readProgram } from "../../src/bundled/program.ts";
import { VERSION } from "../../src/version.ts";
import { connectCsi } from "../support/csi-client.ts";
import { eventually, fileWrittenBy, type Program, startProgram } from "../support/processes.ts";
import { unpack } from "../support/unpack.ts";

/** The generated classes of the Kubernetes client, 1 MB. */
const UNUSED = "client-node/dist/gen/models/";
const GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

function readLog({ logFile }: Program): Promise<string> {
  return readFile(logFile, "utf8");
}

describe("the service bundle", () => {
  let folder: string;
  let file: string;
  let program: string;
  const started: Program[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-bundle-"));
    file = await bundle(BUNDLES.service, folder);
    program = join(dirname(file), "program.js");
  });
  after(async () => {
    await Promise.all(started.map((program) => program.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: string, args: readonly string[]): Promise<Program> {
    const running = await startProgram(process.execPath, [file, ...args], { name, logFolder: folder });
    started.push(running);
    return running;
  }

  it("is alone in its folder with its licences, code cache and source map", async () => {
    const names = await readdir(dirname(file));
    const ofProgram = ["", ".LEGAL.txt", ".map", ".v8-cache"].map((end) => `program.js${end}`);
    assert.deepEqual(names.sort(), ["LICENCES.txt", "keyless-csi.mjs", ...ofProgram]);
  });

  it("starts from its code cache", () => {
    assert.equal(readProgram(program).cachedDataRejected, false);
  });

  it("starts without its code cache when that is damaged", async () => {
    const copy = join(folder, "damaged");
    await cp(dirname(file), copy, { recursive: true });
    const cache = join(copy, "program.js.v8-cache");
    const bytes = await readFile(cache);
    bytes.fill(0xff, bytes.length >> 1);
    await writeFile(cache, bytes);
    const args = [join(copy, "keyless-csi.mjs"), "--version"];
    const damaged = await startProgram(process.execPath, args, { name: "damaged", logFolder: folder });
    assert.equal(await damaged.ended, 0);
    assert.equal(await readLog(damaged), `keyless-csi ${VERSION}\n`);
  });

  it("serves Probe and GetPluginInfo over its socket, and exits with 0 on SIGTERM", async () => {
    const socket = join(folder, "csi.sock");
    const service = await start("controller", [
      "controller",
      `--endpoint=unix://${socket}`,
      "--cluster-id=bundle",
      // Without variables of Azure's it signs in nowhere: nothing leaves this machine.
      "--credential=environment",
      `--subscription-id=${GUID}`,
      `--tenant-id=${GUID}`,
      "--resource-group=rg-data",
      "--location=westeurope",
    ]);
    await eventually(service, async () => assert.match(await readLog(service), /"message":"serving"/));
    const csi = connectCsi(`unix://${socket}`);
    try {
      assert.deepEqual((await csi.identity("Probe", {})).ready, { value: true });
      const info = await csi.identity("GetPluginInfo", {});
      assert.deepEqual([info.name, info.vendor_version], ["keyless.blob.csi", VERSION]);
    } finally {
      csi.close();
    }
    assert.equal(await service.stop(), 0);
    assert.match(await readLog(service), /"message":"draining","signal":"SIGTERM"/);
  });

  for (const args of [["controller", "--emulator"], ["emulator"], ["demo"]]) {
    it(`exits with 2 and says that it contains no emulator when called as ${args.join(" ")}`, async () => {
      const refused = await start(args.join("-"), args);
      assert.equal(await refused.ended, 2);
      assert.match(await readLog(refused), /this build contains no emulator/);
    });
  }

  it("makes a support bundle, with what it loads for that alone", async () => {
    const nowhere = "https://127.0.0.1:1";
    const cloud = { armEndpoint: nowhere, authorityHost: nowhere, blobEndpoint: nowhere, location: "westeurope" };
    const ids = { tenantId: GUID, subscriptionId: GUID, resourceGroup: "rg-data", clusterId: "bundle" };
    const [cloudFile, archive] = [join(folder, "cloud.json"), join(folder, "support.tar.gz")];
    await writeFile(cloudFile, JSON.stringify({ ...cloud, ...ids }));
    const flags = [`--cloud-file=${cloudFile}`, "--credential=environment", "--kubernetes=off", `--output=${archive}`];
    const support = await start("support", ["support", "--no-orphans", ...flags]);
    assert.equal(await support.ended, 0, await readLog(support));
    const files = await unpack(archive, join(folder, "unpacked"));
    assert.deepEqual([...files.keys()].sort(), [
      "command-configuration.json",
      "contents.txt",
      "doctor.json",
      "version.json",
    ]);
  });

  it("contains the service's code and none of the emulator", async () => {
    const { sources } = JSON.parse(await readFile(`${program}.map`, "utf8")) as { readonly sources: readonly string[] };
    const contains = (path: string) => sources.some((source) => source.includes(path));
    for (const path of ["src/volume/create.ts", "src/commands/controller.ts"]) assert.ok(contains(path), path);
    for (const path of ["src/emulator/", "src/commands/demo", "src/commands/emulator", "node_modules/jose/", UNUSED]) {
      assert.ok(!contains(path), path);
    }
  });

  it("has one byte for each character, so that V8 keeps it that way", async () => {
    const code = await readFile(program, "latin1");
    assert.deepEqual(code.match(/.{0,40}[^\0-\x7f].{0,40}/g), null);
  });

  it("is minified, and keeps the names that stacks and errors show", async () => {
    const code = await readFile(program, "utf8");
    assert.doesNotMatch(code, /^\/\/ \S*src\//m);
    for (const name of ["function createVolume(", "function startApp(", "class _DriverError extends Error"])
      assert.ok(code.includes(name), name);
    // What esbuild's keepNames would call for each function that is made.
    assert.doesNotMatch(code, /"name",\{value:\w+,configurable:!0\}/);
  });

  it("has no reference to the source map, which is not in the image", async () => {
    for (const each of [file, program]) assert.doesNotMatch(await readFile(each, "utf8"), /^\/\/# sourceMappingURL=/m);
  });
});

describe("the emulator bundle", () => {
  it("contains emulator, demo and service in one folder that runs alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-bundle-"));
    try {
      const file = await bundle(BUNDLES.emulator, folder);
      const ready = join(folder, "ready.json");
      const args = [file, "emulator", "--ready-file", ready];
      const program = await startProgram(process.execPath, args, { name: "emulator", logFolder: folder });
      try {
        const { armEndpoint } = JSON.parse(await fileWrittenBy(program, ready));
        assert.match(armEndpoint, /^https:\/\/127\.0\.0\.1:\d+/);
      } finally {
        assert.equal(await program.stop(), 0);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
