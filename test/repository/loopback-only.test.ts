// The guard that keeps tests on this machine, tested in processes of their own, as tests start them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const guard = pathToFileURL(resolve("test/support/loopback-only.ts")).href;
const mocha = resolve("node_modules/mocha/bin/mocha.js");

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

describe("loopback-only guard", () => {
  let folder: string;
  let log: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-guard-"));
    log = join(folder, "refused");
    env = { ...process.env, NODE_OPTIONS: `--import ${guard}`, KEYLESS_CSI_TEST_DIALS: log };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const attempts = [
    ["fetch of an address", `await fetch("http://192.0.2.1/")`, "dialled 192.0.2.1"],
    ["fetch of a name", `await fetch("https://management.azure.com/")`, "management.azure.com"],
    ["a plain socket", `import net from "node:net"; net.connect(443, "192.0.2.1")`, "dialled 192.0.2.1"],
    ["TLS", `import tls from "node:tls"; tls.connect({ host: "2001:db8::1", port: 443 })`, "dialled 2001:db8::1"],
    ["a look-up", `import { lookup } from "node:dns/promises"; await lookup("example.com")`, "looked up example.com"],
    [
      "a resolver",
      `import dns from "node:dns"; new dns.Resolver().resolve4("example.com", (e) => { throw e; })`,
      "example.com",
    ],
    [
      "a name that the test's own lookup resolves to another machine",
      `import https from "node:https"; https.get("https://management.azure.com/", { lookup: (n, o, f) => f(null, [{ address: "192.0.2.9", family: 4 }]) })`,
      "dialled management.azure.com at 192.0.2.9",
    ],
  ] as const;

  for (const [what, code, refusal] of attempts) {
    it(`refuses ${what} in a child process and records it`, async () => {
      const ended = await run(["--input-type=module", "-e", code], env);
      assert.notEqual(ended.code, 0);
      assert.match(ended.output, /loopback addresses only/);
      assert.ok((await readFile(log, "utf8")).includes(refusal));
    });
  }

  it("allows loopback by address, by localhost and through a test's own look-up", async () => {
    const code = `
      import http from "node:http";
      const server = http.createServer((_, response) => response.end("here")).listen(0, "127.0.0.1", async () => {
        const { port } = server.address();
        console.log(await (await fetch("http://127.0.0.1:" + port)).text());
        const lookup = (name, options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]);
        http.get({ host: "management.azure.com", port, lookup }, (response) => {
          console.log(response.statusCode);
          response.resume();
          server.close();
          server.closeIdleConnections();
        });
      });`;
    const ended = await run(["--input-type=module", "-e", code], env);
    assert.equal(ended.output, "here\n200\n");
    assert.equal(existsSync(log), false);
  });

  it("fails a run whose tests pass but dialled another machine", async () => {
    const spec = join(folder, "dials.test.mjs");
    await writeFile(spec, `it("dials", () => fetch("http://192.0.2.1/").catch(() => undefined));`);
    const { KEYLESS_CSI_TEST_DIALS, NODE_OPTIONS, ...clean } = env;
    const ended = await run([mocha, "--no-config", "--require", "test/support/loopback-only.ts", spec], clean);
    assert.notEqual(ended.code, 0);
    assert.match(ended.output, /1 passing/);
    assert.match(ended.output, /tests left this machine: dialled 192\.0\.2\.1/);
  });
});
