// `keyless-csi support` on an API server that has every kind of secret in every place: what is in the bundle, and what is not.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommandLine } from "../../../src/command-line.ts";
import { CATALOGUE } from "../../../src/commands/catalogue.ts";
import { toStandardOutput } from "../../../src/commands/support/destination.ts";
import { type Canaries, plantCanaries } from "../../support/canaries.ts";
import { type PagingServer, startPagingServer } from "../../support/paging-server.ts";
import { createSink } from "../../support/sink.ts";
import { unpack } from "../../support/unpack.ts";
import { SUBSCRIPTION } from "../../support/volume-settings.ts";

/** An Azure that nobody serves. */
const NOWHERE = "https://127.0.0.1:1";
const CLOUD = {
  armEndpoint: NOWHERE,
  authorityHost: NOWHERE,
  blobEndpoint: NOWHERE,
  tenantId: SUBSCRIPTION,
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "g",
  location: "westeurope",
};

interface Ran {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

describe("keyless-csi support", () => {
  let folder: string;
  let server: PagingServer;
  let where: readonly string[];
  let canaries: Canaries;
  let ran: Ran;
  /** Path in the bundle -> content. */
  let files: ReadonlyMap<string, string>;

  async function run(
    argv: readonly string[],
    env: NodeJS.ProcessEnv = {},
    signal = new AbortController().signal,
  ): Promise<Ran> {
    const [stdout, stderr] = [createSink(), createSink()];
    const code = await runCommandLine({
      argv: ["support", ...where, `--kubeconfig=${server.kubeconfig}`, ...argv],
      env,
      catalogue: CATALOGUE,
      version: "0",
      stdout: stdout.stream,
      stderr: stderr.stream,
      signal,
    });
    return { code, stdout: stdout.bytes(), stderr: stderr.text() };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-support-"));
    const cloudFile = join(folder, "cloud.json");
    await writeFile(cloudFile, JSON.stringify(CLOUD));
    where = ["--cluster-id=c", "--credential=environment", `--cloud-file=${cloudFile}`];
    server = await startPagingServer();
    canaries = plantCanaries(server);
    ran = await run([`--output=${join(folder, "bundle.tar.gz")}`], { ...canaries.env, PWD: folder });
    files = await unpack(join(folder, "bundle.tar.gz"), join(folder, "unpacked"));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const jsonOf = <T>(name: string) => JSON.parse(files.get(name) ?? assert.fail(`no ${name}`)) as T;

  it("has none of the planted secrets in it, in no file and no name, and prints none", () => {
    assert.ok(canaries.planted.size > 50, String(canaries.planted.size));
    const all = [...[...files].flat(), ran.stdout.toString(), ran.stderr].join("\n");
    const formsOf = (secret: string) => [
      secret,
      decodeURIComponent(secret),
      Buffer.from(secret).toString("base64").slice(0, 20),
    ];
    const leaked = [...canaries.planted].filter(([, secret]) => formsOf(secret).some((form) => all.includes(form)));
    assert.deepEqual(
      leaked.map(([place]) => place),
      [],
    );
  });

  it("has objects, logs, metrics, configuration and versions in it, all JSON of it valid", () => {
    const names = [
      "command-configuration.json",
      "contents.txt",
      "controller-configuration.json",
      "doctor.json",
      "logs/keyless-csi-controller-1/keyless-csi.log",
      "logs/keyless-csi-controller-1/keyless-csi.previous.log",
      "metrics/keyless-csi-controller-1/http.txt",
      "objects/csidrivers.json",
      "objects/deployments.json",
      "objects/leases.json",
      "objects/persistentvolumeclaims.json",
      "objects/persistentvolumes.json",
      "objects/pods.json",
      "objects/storageclasses.json",
      "objects/validatingadmissionpolicies.json",
      "version.json",
    ];
    assert.deepEqual(
      names.filter((name) => !files.has(name)),
      [],
    );
    for (const name of files.keys()) if (name.endsWith(".json")) jsonOf(name);
  });

  it("keeps what a report needs: harmless lines, names, parameters of this driver, events of its claims", () => {
    const log = files.get("logs/keyless-csi-controller-1/keyless-csi.log") ?? "";
    assert.match(log, /^\S+ \{"level":"info","message":"serving","volume":"pvc-1"\}$/m);
    assert.match(log, /the last line\n$/);
    const [pooled, ...others] = jsonOf<{ parameters: object }[]>("objects/storageclasses.json");
    assert.deepEqual(
      [others, Object.keys(pooled?.parameters ?? {})],
      [[], ["isolation", "server", "storageAccountKey"]],
    );
    const volume = JSON.stringify(jsonOf("objects/persistentvolumes.json"));
    assert.match(volume, /"mountWithWorkloadIdentityToken":"true"/);
    const claims = jsonOf<{ metadata: { name: string; annotations: object } }[]>("objects/persistentvolumeclaims.json");
    assert.deepEqual(
      claims.map(({ metadata }) => [metadata.name, Object.keys(metadata.annotations)]),
      [["data", ["keyless-csi/service-account"]]],
    );
    const events = jsonOf<{ message: string }[]>("objects/events-of-persistentvolumeclaims.json");
    assert.deepEqual(
      events.map(({ message }) => message),
      ["failed: Authorization: [redacted]\nAccountKey=[redacted];x"],
    );
    assert.match(JSON.stringify(jsonOf("objects/deployments.json")), /"KEYLESS_CSI_LOCATION","value":"westeurope"/);
  });

  it("says of each setting where it stands, here and in the controller's own file", () => {
    const { settings } = jsonOf<{ settings: { setting: string; value: string }[] }>("command-configuration.json");
    const found = (name: string) => settings.find(({ setting }) => setting === name);
    assert.deepEqual(found("cluster-id"), { setting: "cluster-id", value: "c", source: "--cluster-id" });
    assert.deepEqual(found("cloud-file")?.value, join(folder, "cloud.json"), "$PWD is no password");
    assert.deepEqual(found("on-delete"), { setting: "on-delete", value: "delete", source: "default" });
    const [own] = jsonOf<{ settings: object[] }[]>("controller-configuration.json");
    const location = { setting: "location", value: "westeurope", source: "config.yaml: location" };
    assert.deepEqual(own?.settings, [location]);
  });

  it("lists what could not be read, with the reason, in the bundle and on the terminal, in 80 columns", () => {
    const contents = files.get("contents.txt") ?? "";
    assert.match(
      contents,
      /^Not in it:$[\s\S]*^ {2}objects\/networkpolicies\.json\n {6}HTTP 403: networkpolicies is forbidden/m,
    );
    assert.match(contents, /^ {2}orphans\.json\n {6}\S/m);
    assert.equal(ran.code, 0);
    assert.ok(ran.stdout.includes(contents));
    assert.match(ran.stderr, /^reading objects\n/);
    for (const line of `${ran.stdout}\n${ran.stderr}`.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("asks for logs within its limits, and reads nothing but what it lists", () => {
    const logs = server.requests.filter(({ pathname }) => pathname.endsWith("/log"));
    assert.deepEqual(
      logs.map(({ searchParams }) => [searchParams.get("sinceSeconds"), searchParams.get("previous")]),
      [
        ["86400", null],
        ["86400", "true"],
      ],
    );
    assert.deepEqual(
      server.requests.filter(({ pathname }) => pathname.includes("/secrets")),
      [],
    );
  });

  it("does not overwrite a file, and leaves nothing when it is interrupted", async () => {
    const there = join(folder, "there");
    await writeFile(there, "a former bundle");
    const refused = await run([`--output=${there}`]);
    assert.deepEqual([refused.code, await readFile(there, "utf8")], [1, "a former bundle"]);
    assert.match(refused.stderr, /--output \S+ exists and is not overwritten; name another file/);
    const gone = join(folder, "gone");
    const interrupted = await run([`--output=${gone}`], {}, AbortSignal.abort("SIGINT"));
    assert.equal(interrupted.code, 1);
    assert.match(interrupted.stderr, /interrupted by SIGINT/);
    await assert.rejects(stat(gone), { code: "ENOENT" });
  });

  it("makes a file for its owner alone", async () => {
    assert.equal((await stat(join(folder, "bundle.tar.gz"))).mode & 0o777, 0o600);
  });

  for (const flag of ["--stdout", "--output=-"]) {
    it(`writes to standard output with ${flag}, and everything else to standard error`, async () => {
      const { code, stdout, stderr } = await run([flag, "--no-orphans"]);
      const archive = join(folder, `piped${flag}.tar.gz`);
      await writeFile(archive, stdout);
      const piped = await unpack(archive, join(folder, `unpacked${flag}`));
      assert.equal(code, 0);
      assert.ok(stderr.includes(piped.get("contents.txt") ?? assert.fail()));
      assert.equal(piped.has("orphans.json"), false);
    });
  }

  it("refuses a terminal as its output, and two outputs", async () => {
    const { code, stderr } = await run(["--stdout", "--output=x.tar.gz"]);
    assert.equal(code, 2);
    assert.match(stderr, /--stdout: cannot be combined with --output; give one/);
    assert.throws(() => toStandardOutput(Object.assign(createSink().stream, { isTTY: true })), /terminal/);
  });
});
