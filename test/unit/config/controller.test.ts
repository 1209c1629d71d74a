// The controller's configuration: its table, what a cloud file provides, what is refused.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkController, toControllerConfig } from "../../../src/config/controller.ts";
import { controllerSettings } from "../../../src/config/controller-settings.ts";
import { toHelp, toJsonSchema } from "../../../src/config/help.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { toLine } from "../../../src/config/problem.ts";
import { type SettingsTable, toEnvironmentName } from "../../../src/config/setting.ts";

import { AZURE_LIMITS } from "../../../src/text/azure-limits.ts";

const GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const REQUIRED = [
  ["--cluster-id", "east-1"],
  ["--subscription-id", GUID],
  ["--resource-group", "rg-data"],
  ["--location", "westeurope"],
  ["--tenant-id", GUID],
].flat();

const CLOUD_FILE = {
  armEndpoint: "https://127.0.0.1:1234/",
  authorityHost: "https://127.0.0.1:1234",
  blobEndpoint: "https://127.0.0.1:1234",
  adminSecret: "not ours to read",
  caFile: "ca.pem",
  tenantId: GUID,
  subscriptionId: GUID,
  resourceGroup: "keyless",
  location: "westeurope",
  clusterId: "emulator",
  controller: { clientId: GUID, tokenFile: "controller.token" },
};

function load(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return loadSettings(controllerSettings, { argv, env }, checkController);
}

function config(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const loaded = load(argv, env);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.map(toLine).join("\n"));
  return toControllerConfig(loaded.values);
}

function problems(argv: readonly string[]): readonly string[] {
  const loaded = load(argv);
  assert.ok(!loaded.ok);
  return loaded.problems.map(toLine);
}

describe("the controller's configuration", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "keyless-csi-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function cloudFile(content: unknown): string {
    const path = join(folder, "cloud.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  }

  it("has documented defaults", () => {
    const made = config(REQUIRED);
    assert.equal(made.socketPath, "/csi/csi.sock");
    assert.equal(made.driverName, "keyless.blob.csi");
    assert.equal(made.cloud.armEndpoint, "https://management.azure.com");
    assert.deepEqual(made.credential, { kind: "default" });
    assert.equal(made.gracePeriodMs, 50_000);
    assert.equal(made.accountCacheMs, 300_000);
    assert.equal(made.driftCheckMs, 600_000);
    assert.equal(made.http, undefined);
  });

  it("is deeply frozen", () => {
    const made = config([...REQUIRED, "--also-owns=old", "--http-endpoint=127.0.0.1:0"]);
    for (const part of [made, made.cloud, made.credential, made.alsoOwns, made.http]) assert.ok(Object.isFrozen(part));
  });

  it("takes the endpoint from CSI_ENDPOINT, as sidecars name it", () => {
    assert.equal(config(REQUIRED, { CSI_ENDPOINT: "unix:///run/csi.sock" }).socketPath, "/run/csi.sock");
  });

  it("names everything that is missing at once, and what else can provide it", () => {
    const reported = problems([]);
    assert.deepEqual(
      reported.map((line) => line.split(":")[0]),
      ["--cluster-id", "--subscription-id", "--resource-group", "--location", "--tenant-id"],
    );
    for (const line of reported) assert.match(line, /is required; .+\(--cloud-file or --emulator can provide it too\)/);
  });

  it("does not report as missing what is invalid", () => {
    const reported = problems([...REQUIRED.slice(2), "--cluster-id", "no spaces"]);
    assert.deepEqual(reported, [
      "--cluster-id \"no spaces\": is not a cluster id; use 1 to 63 letters, digits, '.', '_' and '-'",
    ]);
  });

  it("refuses the cluster id that version 0.1 shipped and the GUID of zeros, and says how to find the right value", () => {
    const nil = "00000000-0000-0000-0000-000000000000";
    const given = ["--cluster-id=my-cluster", `--tenant-id=${nil}`, `--subscription-id=${nil}`, `--client-id=${nil}`];
    const lists = [
      `--allowed-resource-groups=${nil}/g`,
      `--identity-scopes=${nil}`,
      `--storage-tenants=${nil}=${nil}/${nil}`,
    ];
    const reported = problems([...given, ...lists, "--resource-group=g", "--location=westeurope"]);
    assert.equal(reported.length, 7, reported.join("\n"));
    for (const line of reported)
      assert.match(line, /^--cluster-id.*choose an id|^--.*is a placeholder.*`az account show`/);
    const [line = ""] = problems([
      "--cloud-file",
      cloudFile({ ...CLOUD_FILE, clusterId: "my-cluster", tenantId: nil }),
    ]);
    assert.match(line, /tenantId is a placeholder.*clusterId is the example of version 0.1/);
  });

  it("takes over former clusters by id, or by id and mark", () => {
    const uid = "AAAAAAAA-0000-4000-8000-00000000000A";
    assert.deepEqual(config([...REQUIRED, `--also-owns=my-cluster,old/${uid}`]).alsoOwns, [
      { clusterId: "my-cluster" },
      { clusterId: "old", clusterUid: uid.toLowerCase() },
    ]);
    for (const wrong of ["old/", "/x", "old/new", `old/${uid}/x`, `old/00000000-0000-0000-0000-000000000000`])
      assert.match(problems([...REQUIRED, `--also-owns=${wrong}`])[0] ?? "", /is not a cluster; write ID, or ID\/UID/);
  });

  it("takes endpoints, names and sign-in from a cloud file, paths relative to its folder", () => {
    const made = config(["--cloud-file", cloudFile(CLOUD_FILE)]);
    assert.equal(made.cloud.name, "custom");
    assert.equal(made.cloud.armEndpoint, "https://127.0.0.1:1234");
    assert.equal(made.cloud.isPublicAuthority, false);
    assert.equal(made.cloud.caFile, join(folder, "ca.pem"));
    assert.equal(made.clusterId, "emulator");
    assert.deepEqual(made.credential, {
      kind: "cloud-file",
      clientId: GUID,
      tokenFile: join(folder, "controller.token"),
    });
    assert.doesNotMatch(JSON.stringify(made), /not ours to read/);
  });

  it("endpoints of a cloud file are read without the port that https has anyway: MSAL rejects an authority with it", () => {
    const named = {
      armEndpoint: "https://ARM.example:443/",
      authorityHost: "https://127.0.0.1:443",
      blobEndpoint: "https://[::1]:443",
    };
    const { cloud } = config(["--cloud-file", cloudFile({ ...CLOUD_FILE, ...named })]);
    assert.deepEqual(
      [cloud.armEndpoint, cloud.authorityHost, cloud.blobEndpoint],
      ["https://arm.example", "https://127.0.0.1", "https://[::1]"],
    );
  });

  it("keeps to the limits that Azure documents, or to those that a cloud file states, or to none", () => {
    assert.deepEqual(config(REQUIRED).cloud.requestLimits, AZURE_LIMITS);
    assert.equal(config(["--cloud-file", cloudFile(CLOUD_FILE)]).cloud.requestLimits, undefined);
    const stated = { ...AZURE_LIMITS, armReads: { burst: 3, perSecond: 0.5 } };
    const made = config(["--cloud-file", cloudFile({ ...CLOUD_FILE, requestLimits: stated })]);
    assert.deepEqual(made.cloud.requestLimits, stated);
    const broken = { ...CLOUD_FILE, requestLimits: { ...AZURE_LIMITS, storageReads: [{ calls: 0, seconds: 1 }] } };
    assert.match(
      problems([...REQUIRED, "--cloud-file", cloudFile(broken)])[0] ?? "",
      /requestLimits\.storageReads must be \[\{calls, seconds\}\], of positive numbers/,
    );
    assert.match(
      problems([...REQUIRED, "--cloud-file", cloudFile({ ...CLOUD_FILE, requestLimits: 10 })])[0] ?? "",
      /requestLimits must be an object/,
    );
  });

  it("prefers the operator's values over the cloud file's", () => {
    const made = config(["--cloud-file", cloudFile(CLOUD_FILE), "--cluster-id=mine", "--credential=azure-cli"]);
    assert.equal(made.clusterId, "mine");
    assert.deepEqual(made.credential, { kind: "azure-cli" });
  });

  it("reports everything that is wrong with a cloud file", () => {
    const broken = { ...CLOUD_FILE, armEndpoint: "http://insecure", tenantId: "x", controller: { clientId: GUID } };
    const [line = ""] = problems([...REQUIRED, "--cloud-file", cloudFile(broken)]);
    assert.match(
      line,
      /armEndpoint must be an https:\/\/ URL, tenantId must be a GUID, controller\.tokenFile must be a string/,
    );
    assert.match(problems([...REQUIRED, "--cloud-file", cloudFile("{")])[0] ?? "", /is not JSON/);
    assert.match(problems([...REQUIRED, "--cloud-file", cloudFile("[]")])[0] ?? "", /must hold one JSON object/);
    assert.match(
      problems([...REQUIRED, "--cloud-file", join(folder, "none")])[0] ?? "",
      /does not exist; name a file that does/,
    );
  });

  it("refuses a cloud file beside the emulator, and a cloud-file sign-in without one", () => {
    const path = cloudFile(CLOUD_FILE);
    assert.match(
      problems(["--emulator", "--cloud-file", path])[0] ?? "",
      /--emulator: cannot be combined with --cloud-file/,
    );
    assert.match(
      problems([...REQUIRED, "--credential=cloud-file"])[0] ?? "",
      /--credential: "cloud-file" needs --cloud-file/,
    );
  });

  it("needs nothing else with --emulator, and is completed by the emulator's own information", () => {
    const loaded = load(["--emulator"]);
    assert.ok(loaded.ok);
    assert.equal(toControllerConfig(loaded.values, CLOUD_FILE).resourceGroup, "keyless");
  });

  it("splits allowed resource groups into subscription and name", () => {
    const made = config([...REQUIRED, "--allowed-resource-groups", `${GUID.toUpperCase()}/rg-a,${GUID}/RG.b(1)`]);
    assert.deepEqual(made.allowedResourceGroups, [
      { subscriptionId: GUID, resourceGroup: "rg-a" },
      { subscriptionId: GUID, resourceGroup: "RG.b(1)" },
    ]);
    assert.match(problems([...REQUIRED, "--allowed-resource-groups=rg-a"])[0] ?? "", /write SUBSCRIPTION-GUID\/NAME/);
  });

  it("takes the roles of workloads, the assigned one first, and refuses none at all", () => {
    assert.deepEqual(config(REQUIRED).roles, []);
    const former = GUID.replace("0f", "ff");
    assert.deepEqual(config([...REQUIRED, "--role", `${GUID},${former.toUpperCase()}`]).roles, [GUID, former]);
    assert.match(problems([...REQUIRED, "--role", ","]).join(), /--role: is empty; name the role/);
  });

  it("takes a region by its display name too, as a class does", () => {
    assert.equal(config([...REQUIRED.toSpliced(7, 1, "West Europe")]).location, "westeurope");
  });

  it("refuses driver names that the CSI specification refuses", () => {
    for (const name of ["keyless.blob.csi", "a", "a-b.c9"]) config([...REQUIRED, "--driver-name", name]);
    for (const name of ["Keyless", "-a", "a.", "a..b", "a_b", "a".repeat(64)]) {
      assert.match(problems([...REQUIRED, "--driver-name", name])[0] ?? "", /is not a driver name/, name);
    }
  });

  it("refuses a clean-up of orphans that never runs, or that grants no time", () => {
    const made = config([...REQUIRED, "--orphan-check-interval=6h", "--orphan-cleanup", "--orphan-grace-period=48h"]);
    assert.deepEqual(made.orphans, { checkMs: 6 * 3_600_000, cleansUp: true, graceMs: 48 * 3_600_000 });
    assert.deepEqual(config(REQUIRED).orphans, { checkMs: 0, cleansUp: false, graceMs: 24 * 3_600_000 });
    assert.match(problems([...REQUIRED, "--orphan-cleanup"])[0] ?? "", /without --orphan-check-interval/);
    assert.match(problems([...REQUIRED, "--orphan-grace-period=59m"])[0] ?? "", /is too short; use at least 1h/);
  });

  it("has a default that its own kind accepts in every row, and one line of help", () => {
    for (const [flag, row] of Object.entries(controllerSettings as SettingsTable)) {
      assert.match(flag, /^[a-z]+(-[a-z]+)*$/);
      assert.match(row.help, /^\S.{8,110}[^.]$/, flag);
      if (row.fallback !== undefined) assert.ok("value" in row.kind.parse([row.fallback]), flag);
    }
  });

  it("has no flag for a secret", () => {
    for (const flag of Object.keys(controllerSettings)) assert.doesNotMatch(flag, /secret|password|key$|^token$/);
  });

  it("is complete in help and in the JSON Schema", () => {
    const help = toHelp(controllerSettings);
    const schema = toJsonSchema(controllerSettings, "controller");
    const flags = Object.keys(controllerSettings);
    for (const flag of flags) assert.ok(help.includes(toEnvironmentName(flag)), flag);
    assert.deepEqual(Object.keys(schema["properties"] as object), flags);
    assert.match(help, /--grace-period DURATION\n.+\n {6}\[default: 50s; environment: KEYLESS_CSI_GRACE_PERIOD\]/);
  });

  it("is explained in lines of at most 80 columns, without losing a word", () => {
    const lines = toHelp(controllerSettings).split("\n");
    const explaining = lines.filter((line) => line.startsWith("      "));
    assert.deepEqual(
      explaining.filter((line) => line.length > 80),
      [],
    );
    const words = explaining.map((line) => line.trim()).join(" ");
    for (const [flag, { help }] of Object.entries(controllerSettings)) assert.ok(words.includes(help), flag);
  });

  describe("the node plugin's driver", () => {
    const nodeDriver = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      config([...REQUIRED, ...argv], env).nodeDriver;
    const settingsFile = (text: string) => {
      const path = join(folder, "settings.yaml");
      writeFileSync(path, text);
      return ["--config", path];
    };

    it("defaults to --driver-name", () => {
      assert.equal(nodeDriver([]), "keyless.blob.csi");
      assert.equal(nodeDriver(["--driver-name", "a.example"]), "a.example");
      assert.equal(nodeDriver(["--node-driver", "blob.csi.azure.com"]), "blob.csi.azure.com");
      assert.match(
        problems([...REQUIRED, "--node-driver", "No Name"]).join(),
        /--node-driver "No Name": is not a driver name/,
      );
    });

    it("can be none: an empty string in a flag, the environment or the file, with the precedence of any other value", () => {
      assert.equal(nodeDriver(["--node-driver="]), "");
      assert.equal(nodeDriver(["--node-driver", ""]), "");
      assert.equal(nodeDriver([], { KEYLESS_CSI_NODE_DRIVER: "" }), "");
      assert.equal(nodeDriver(settingsFile('node-driver: ""\n')), "");
      assert.equal(nodeDriver(settingsFile("node-driver:\n")), "");
      const file = settingsFile("node-driver: blob.csi.azure.com\n");
      assert.equal(nodeDriver(file, { KEYLESS_CSI_NODE_DRIVER: "" }), "");
      assert.equal(nodeDriver([...file, "--node-driver=a.example"], { KEYLESS_CSI_NODE_DRIVER: "" }), "a.example");
    });
  });
});
