// Mistakes at the start, made with the real program: each names the setting, the value and the way out, and ends as documented.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findUnknownVariables } from "../../src/config/unknown-variables.ts";
import { repository } from "../support/sources.ts";

const GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const program = join(repository, "bin", "keyless-csi.mjs");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("a mistake at the start", function () {
  this.timeout(120_000);
  let folder: string;
  let port: number;
  let occupant: Server;
  /** How each mistake ended. A start is the work of one core: two at a time, each as the one before it has ended. */
  const ends = new Map<string, Promise<Ended>>();
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-start-"));
    await mkdir(join(folder, "folder"));
    const files = {
      "malformed.yaml": "location: [westeurope",
      "list.yaml": "- location",
      "text.txt": "neither a certificate nor JSON",
      "no-cloud.json": '{"armEndpoint": 7}',
      "kubeconfig-without-cluster": "kind: Config\napiVersion: v1\n",
      "kubeconfig-malformed": "{{{",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    occupant = createServer();
    await new Promise<void>((listening) => occupant.listen(0, "127.0.0.1", listening));
    ({ port } = occupant.address() as { port: number });
    MISTAKES.forEach(([what, args], index) => {
      const filled = args.map((each) => each.replace("$FOLDER", folder).replace("$PORT", String(port)));
      const ended = (lanes[index % lanes.length] ?? assert.fail()).then(() => run(filled));
      lanes[index % lanes.length] = ended;
      ends.set(what, ended);
    });
  });
  after(async () => {
    await Promise.all(lanes);
    occupant.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> => {
    const env = { ...process.env };
    for (const name of ["KUBERNETES_SERVICE_HOST", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID"]) delete env[name];
    // Killed after a while: one that starts although it should not fails by its code.
    const options = { cwd: folder, env: { ...env, ...more }, timeout: 60_000 };
    return new Promise((done) => {
      execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
      });
    });
  };

  /** Everything that is required, and nothing that connects. */
  const WHOLE = [
    ...["--cluster-id", "c", "--tenant-id", GUID, "--subscription-id", GUID],
    ...["--resource-group", "g", "--location", "westeurope"],
  ];
  const BARE = ["controller", ...WHOLE, "--kubernetes", "off"];
  const SOCKET = ["--endpoint", "unix://$FOLDER/csi.sock"];
  const IN_CLUSTER = ["controller", ...WHOLE, ...SOCKET, "--kubernetes", "on"];
  const BY_TOKEN = [...BARE, ...SOCKET, "--credential", "workload-identity", "--client-id", GUID];

  /** `$FOLDER` and `$PORT` stand for the test's own. */
  const MISTAKES: readonly (readonly [what: string, args: readonly string[], code: number, says: RegExp])[] = [
    [
      "no configuration file",
      ["controller", "--config", "absent.yaml"],
      2,
      /--config "absent.yaml": does not exist; name/,
    ],
    [
      "a folder as configuration",
      ["controller", "--config", "folder"],
      2,
      /--config "folder": is a folder; name a file in it/,
    ],
    [
      "malformed YAML",
      ["controller", "--config", "malformed.yaml"],
      2,
      /--config "malformed.yaml": is not YAML: .* correct it/,
    ],
    [
      "a configuration without settings",
      ["roles", "--config", "list.yaml"],
      2,
      /--config "list.yaml": must hold one mapping .*; write lines/,
    ],
    [
      "no cloud file",
      ["controller", "--cloud-file", "absent.json"],
      2,
      /--cloud-file "absent.json": does not exist; name/,
    ],
    ["a folder as cloud file", ["controller", "--cloud-file", "folder"], 2, /--cloud-file "folder": is a folder; name/],
    [
      "a cloud file that is not JSON",
      ["controller", "--cloud-file", "text.txt"],
      2,
      /--cloud-file "text.txt": is not JSON; name what/,
    ],
    [
      "a cloud file without its fields",
      ["controller", "--cloud-file", "no-cloud.json"],
      2,
      /"no-cloud.json": is not a cloud file: armEndpoint/,
    ],
    [
      "no token file",
      [...BY_TOKEN, "--token-file", "absent"],
      2,
      /--token-file "absent": does not exist; name a file that does, or mount/,
    ],
    ["a folder as token file", [...BY_TOKEN, "--token-file", "folder"], 2, /--token-file "folder": is a folder/],
    [
      "no word on the client id",
      [...BARE, ...SOCKET, "--credential", "workload-identity", "--token-file", "text.txt"],
      2,
      /--client-id: is required with --credential=workload-identity where AZURE_CLIENT_ID is not set; give/,
    ],
    [
      "no word on the token file",
      BY_TOKEN,
      2,
      /--token-file: is required with --credential=workload-identity where AZURE_FED/,
    ],
    ["no kubeconfig", [...IN_CLUSTER, "--kubeconfig", "absent"], 2, /--kubeconfig "absent": does not exist; name/],
    [
      "a malformed kubeconfig",
      [...IN_CLUSTER, "--kubeconfig", "kubeconfig-malformed"],
      1,
      /--kubeconfig kubeconfig-malformed is not a kubec/,
    ],
    [
      "a kubeconfig without cluster",
      [...IN_CLUSTER, "--kubeconfig", "kubeconfig-without-cluster"],
      1,
      /has no cluster for its current-context/,
    ],
    ["no cluster around", IN_CLUSTER, 1, /--kubernetes=on without --kubeconfig needs a pod .*; give --kubeconfig, or/],
    [
      "no folder for the socket",
      [...BARE, "--endpoint", "unix://$FOLDER/no/such/csi.sock"],
      1,
      /--endpoint unix:.*csi.sock: folder .*\/no\/such does not exist; create it/,
    ],
    [
      "a file as the socket's folder",
      [...BARE, "--endpoint", "unix://$FOLDER/text.txt/csi.sock"],
      1,
      /text.txt is not a folder; name a socket in one/,
    ],
    [
      "a folder as socket",
      [...BARE, "--endpoint", "unix://$FOLDER/folder"],
      1,
      /--endpoint .*: a folder is there, which is not removed; name another path/,
    ],
    [
      "a file as socket",
      [...BARE, "--endpoint", "unix://$FOLDER/text.txt"],
      1,
      /: a file that is no socket is there, which is not removed/,
    ],
    [
      "a place that takes no socket",
      [...BARE, "--endpoint", "unix:///proc/csi.sock"],
      1,
      /--endpoint unix:\/\/\/proc\/csi.sock: .*; (?:name another path|let its user)/,
    ],
    [
      "a path too long for a socket",
      [...BARE, "--endpoint", `unix:///${"x".repeat(120)}`],
      2,
      /--endpoint "unix:.*": has a path of 121 bytes; use at most 107/,
    ],
    [
      "a health port in use",
      [...BARE, ...SOCKET, "--http-endpoint", "127.0.0.1:$PORT"],
      1,
      /--http-endpoint 127.0.0.1:\d+: another process listens there; stop it, or/,
    ],
    [
      "an emulator's port in use",
      ["emulator", "--listen", "127.0.0.1:$PORT"],
      1,
      /--listen 127.0.0.1:\d+: another process listens there; stop it, or/,
    ],
    [
      "the metadata service's port in use",
      ["emulator", "--imds", "127.0.0.1:$PORT"],
      1,
      /--imds 127.0.0.1:\d+: another process listens/,
    ],
    [
      "no folder for the ready file",
      ["emulator", "--ready-file", "no/such.json"],
      2,
      /--ready-file "no\/such.json": is in folder no, which does not exist; create/,
    ],
    ["a folder as ready file", ["emulator", "--ready-file", "folder"], 2, /--ready-file "folder": is a folder/],
    ["a folder as state file", ["emulator", "--state", "folder"], 2, /--state "folder": is a folder/],
    [
      "a state file that is none",
      ["emulator", "--state", "text.txt"],
      1,
      /--state text.txt is not a state file: it is not JSON; name/,
    ],
    ["no certificates", ["emulator", "--issuer-ca", "absent.pem"], 2, /--issuer-ca "absent.pem": does not exist/],
    [
      "certificates that are none",
      ["emulator", "--issuer-ca", "text.txt"],
      2,
      /--issuer-ca "text.txt": holds no certificate; name a PEM file/,
    ],
  ];

  for (const [what, , code, says] of MISTAKES) {
    it(`${what}: exit ${code}, with the setting and the way out`, async () => {
      const ended = (await ends.get(what)) ?? assert.fail("it was not started");
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, says);
      assert.doesNotMatch(ended.stderr, /this is a bug|\n +at |is required; name/);
      assert.equal(ended.stdout, "");
    });
  }

  it("in the environment is named by its variable", async () => {
    const { code, stderr } = await run(["controller"], { KEYLESS_CSI_CONFIG: "absent.yaml" });
    assert.equal(code, 2);
    assert.match(stderr, /: 1 invalid setting\n {2}KEYLESS_CSI_CONFIG "absent.yaml": does not exist/);
    const token = await run(
      BY_TOKEN.map((each) => each.replace("$FOLDER", folder)),
      { AZURE_FEDERATED_TOKEN_FILE: "gone" },
    );
    assert.match(token.stderr, /AZURE_FEDERATED_TOKEN_FILE "gone": does not exist/);
  });

  it("in a variable's name is a fault with the nearest name, and its value is not shown", async () => {
    const { code, stderr } = await run(["roles"], {
      KEYLESS_CSI_RESOURCE_GRUOP: "secret",
      KEYLESS_CSI_HTTP_PORT: "8080",
    });
    assert.equal(code, 2);
    assert.match(stderr, /KEYLESS_CSI_RESOURCE_GRUOP: is not a setting; did you mean KEYLESS_CSI_RESOURCE_GROUP\?/);
    assert.match(stderr, /KEYLESS_CSI_HTTP_PORT: is not a setting; /);
    assert.doesNotMatch(stderr, /secret|8080/);
  });

  it("is not what another command's setting or Kubernetes puts there, in a cluster with Services of our name", async () => {
    const env = {
      KEYLESS_CSI_LOCATION: "westeurope",
      KEYLESS_CSI_OLDER_THAN: "2h",
      KEYLESS_CSI_PORT: "tcp://10.0.0.7:80",
      KEYLESS_CSI_SERVICE_HOST: "10.0.0.7",
      KEYLESS_CSI_CONTROLLER_SERVICE_PORT_METRICS: "8080",
    };
    const scope = ["--subscription-id", GUID, "--resource-group", "data", "--principal-id", GUID];
    const { code, stderr } = await run(["roles", ...scope], env);
    assert.deepEqual([code, stderr], [0, ""]);
  });
});

describe("variables with our prefix that are no settings", () => {
  const FLAGS = ["location", "http-endpoint"];

  it("are left alone where Kubernetes sets them for a Service: keyless-csi, keyless-csi-controller, IPv6, several ports", () => {
    const ofService = (name: string, host = "10.0.0.7") => ({
      [`${name}_SERVICE_HOST`]: host,
      [`${name}_SERVICE_PORT`]: "80",
      [`${name}_SERVICE_PORT_HTTP_METRICS`]: "8080",
      [`${name}_PORT`]: `tcp://${host}:80`,
      [`${name}_PORT_80_TCP`]: `tcp://${host}:80`,
      [`${name}_PORT_80_TCP_PROTO`]: "tcp",
      [`${name}_PORT_80_TCP_PORT`]: "80",
      [`${name}_PORT_80_TCP_ADDR`]: host,
      [`${name}_PORT_53_UDP`]: `udp://${host}:53`,
    });
    const env = {
      ...ofService("KEYLESS_CSI"),
      ...ofService("KEYLESS_CSI_CONTROLLER", "fd00::7"),
      ...ofService("KEYLESS_CSI_CONTROLLER_METRICS"),
    };
    assert.deepEqual(findUnknownVariables(env, FLAGS), []);
  });

  it("are found where the value is none that Kubernetes would set, and not where there is none", () => {
    const env = {
      KEYLESS_CSI_HTTP_PORT: "8080",
      KEYLESS_CSI_SERVICE_HOST: "example.com",
      KEYLESS_CSI_LOCATION: "westeurope",
      KEYLESS_CSI_LOCATOIN: "",
      KEYLESS_CSI_: "x",
      OTHER_LOCATON: "x",
    };
    assert.deepEqual(findUnknownVariables(env, FLAGS), [
      "KEYLESS_CSI_HTTP_PORT",
      "KEYLESS_CSI_SERVICE_HOST",
      "KEYLESS_CSI_",
    ]);
  });
});
