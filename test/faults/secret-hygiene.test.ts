// Canaries, texts that look like secrets, are put wherever a secret could come in; none may come out anywhere.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fetchText } from "../support/fetch-text.ts";
import { startProgram } from "../support/processes.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { type Cloud, startCloud } from "./support/cloud.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { crashOnSignal } from "./support/preloads.ts";
import { type Service, serviceCommand, startService } from "./support/service.ts";

/** A secret in a form that Azure uses, and the part of it that must never appear again. */
interface Canary {
  readonly text: string;
  readonly core: string;
}

const random = (bytes: number) => randomBytes(bytes).toString("base64url");
const FORMS: Readonly<Record<string, () => Canary>> = {
  "JSON Web Token": () => {
    const core = random(60);
    return { text: `eyJhbGciOiJSUzI1NiJ9.eyJ${core}.${random(30)}`, core };
  },
  "bearer header": () => {
    const core = random(40);
    return { text: `Authorization: Bearer ${core}`, core };
  },
  "account key": () => {
    const core = randomBytes(64).toString("base64");
    return { text: `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${core}`, core: core.slice(0, 80) };
  },
  "SAS signature": () => {
    const core = random(32);
    return { text: `https://x.blob.core.windows.net/c?sv=2024-11-04&sp=rl&sig=${core}`, core };
  },
  "client secret": () => {
    const core = random(30);
    return { text: `grant_type=client_credentials&client_secret=${core}`, core };
  },
  "token in JSON": () => {
    const core = random(50);
    return { text: JSON.stringify({ access_token: core, expires_in: 3600 }), core };
  },
};

describe("a secret", function () {
  this.timeout(180_000);
  const canaries = new Map<string, string>();
  let cloud: Cloud;
  let service: Service;
  let port = "";
  /** For the files into which the test itself writes canaries. */
  let canaryFolder = "";
  /** Everything that the service has answered or printed. */
  const heard: string[] = [];

  /** A text with a canary of every form, each noted with the place it was put. */
  const bait = (where: string): string =>
    Object.entries(FORMS)
      .map(([form, make]) => {
        const { text, core } = make();
        canaries.set(core, `${form} in ${where}`);
        return text;
      })
      .join(" ");

  /** A secret that does not look like one, for places whose content must never be repeated at all. */
  const plainBait = (where: string): string => {
    const core = random(24);
    canaries.set(core, `plain text in ${where}`);
    return core;
  };

  const listen = async (work: Promise<unknown>): Promise<void> => {
    heard.push(
      await work.then(
        (answer) => JSON.stringify(answer),
        (error: Error & { details?: string }) => `${error.message} ${error.details} ${error.stack}`,
      ),
    );
  };

  before(async () => {
    cloud = await startCloud();
    canaryFolder = await mkdtemp(join(tmpdir(), "keyless-csi-canaries-"));
    const home = join(cloud.folder, "home");
    await mkdir(home);
    service = await startService(cloud, {
      flags: ["--http-endpoint", "127.0.0.1:0"],
      env: {
        // Whatever the service writes to disk lands where the test looks for it afterwards.
        HOME: home,
        TMPDIR: home,
        AZURE_PASSWORD: plainBait("environment"),
        AZURE_CLIENT_SECRET: bait("environment"),
        AZURE_STORAGE_KEY: bait("environment"),
        UNRELATED: bait("environment"),
      },
    });
    port = /"listen":"[^"]*:(\d+)"/.exec(await service.log())?.[1] ?? "";
  });
  after(async () => {
    await service?.kill();
    await cloud?.stop();
    await rm(canaryFolder, { recursive: true, force: true });
  });

  const create = (number: number, overrides: object = {}) =>
    service.csi.controller("CreateVolume", {
      ...requestOf(cloud.emulator, volumeName(number), { isolation: "volume" }),
      ...overrides,
    });

  it("is put into secrets, volume context and parameters of requests", async () => {
    const { volume_id: id, volume_context: context } = volumeOf(
      await create(1, { secrets: { token: bait("secrets"), key: plainBait("secrets") } }),
    );
    heard.push(JSON.stringify(context));
    await listen(create(2, { parameters: { clientID: bait("a parameter"), skuName: bait("a parameter") } }));
    await listen(create(3, { parameters: { [bait("a parameter's name")]: plainBait("an unknown parameter") } }));
    await listen(
      service.csi.controller("ValidateVolumeCapabilities", {
        volume_id: id,
        volume_context: {
          "csi.storage.k8s.io/serviceAccount.tokens": bait("volume context"),
          other: plainBait("volume context"),
        },
        volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
        secrets: { token: bait("secrets") },
      }),
    );
    await listen(service.csi.controller("DeleteVolume", { volume_id: id, secrets: { token: bait("secrets") } }));
  });

  it("is put into messages, bodies and headers that Azure answers, at every step", async () => {
    const operations = [
      "storageAccounts/get",
      "storageAccounts/create",
      "containers/get",
      "containers/create",
      "roleAssignments/create",
    ];
    for (const [index, operation] of operations.entries()) {
      for (const [form, action] of Object.entries({
        message: { status: 400, code: "BadRequest", message: bait(`message of ${operation}`) },
        body: { status: 403, body: bait(`body of ${operation}`) },
        header: {
          status: 409,
          code: "Conflict",
          headers: {
            "x-ms-error": bait("header"),
            "www-authenticate": bait("header"),
            "x-ms-secret": plainBait("header"),
            "retry-after": plainBait("header"),
          },
        },
        garbage: { status: 200, body: `{"properties": ${bait(`half of ${operation}`)}` },
      })) {
        cloud.emulator.faults.add({ match: { service: "arm", operation }, times: -1, action });
        await listen(create(100 + index));
        cloud.clearFaults();
        assert.notEqual(heard.at(-1), undefined, form);
      }
    }
  });

  it("is put into what Entra answers", async () => {
    cloud.emulator.faults.add({
      match: { service: "entra", operation: "token" },
      times: -1,
      action: { status: 400, code: "invalid_client", message: bait("Entra's message") },
    });
    const refused = await startService(cloud, { flags: ["--log-format", "text"] });
    await listen(refused.csi.controller("CreateVolume", requestOf(cloud.emulator, volumeName(200))));
    heard.push(await refused.log());
    await refused.stop();
    cloud.clearFaults();
  });

  it("is put into an invalid configuration", async () => {
    const file = join(canaryFolder, "config.yaml");
    const lines = [
      ["client-secret", plainBait("an unknown key of the configuration")],
      ["tenant-id", bait("a wrong value of the configuration")],
      ["log-level", bait("a wrong value of the configuration")],
    ];
    await writeFile(file, lines.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join(""));
    const [node = "", ...args] = await serviceCommand(cloud);
    const flags = ["--config", file, `--password=${plainBait("an unknown flag")}`, "--client-id", bait("a wrong flag")];
    const program = await startProgram(node, [...args.slice(0, args.indexOf("controller") + 1), ...flags], {
      name: "refused",
      logFolder: cloud.folder,
      env: {
        KEYLESS_CSI_CLIENT_SECRET: plainBait("an unknown variable"),
        KEYLESS_CSI_LOCATION: bait("a wrong variable"),
      },
    });
    assert.equal(await program.ended, 2);
    assert.match(await readFile(program.logFile, "utf8"), /tenant-id/);
  });

  it("is put into an uncaught error", async () => {
    const crashing = await startService(cloud, {
      nodeFlags: ["--import", crashOnSignal(bait("an uncaught error"))],
    });
    process.kill(crashing.program.id, "SIGUSR2");
    assert.equal(await crashing.program.ended, 1);
    const printed = await crashing.log();
    assert.match(printed, /this is a bug; the process ends/);
    heard.push(printed);
  });

  it("and comes out in no answer, log, metric or file", async () => {
    assert.notEqual(port, "", "the address of /metrics is not in the log");
    const metrics = (await fetchText(`http://127.0.0.1:${port}/metrics`)).text;
    assert.match(metrics, /csi_plugin_operations_seconds/);
    await service.stop();
    const places: Record<string, string> = { answers: heard.join("\n"), metrics };
    for (const entry of await readdir(cloud.folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) places[relative(cloud.folder, path)] = await readFile(path, "utf8");
    }
    // Canaries that never got this far would prove nothing: some must have been redacted.
    for (const place of ["answers", basename(service.program.logFile)]) {
      for (const instead of ["[redacted]", "[token]"])
        assert(places[place]?.includes(instead), `${instead} in ${place}`);
    }
    const tokenFile = relative(cloud.folder, cloud.emulator.info.controller.tokenFile);
    assert(tokenFile in places, "the folder that is read is not the one of this run");
    for (const [place, text] of Object.entries(places)) {
      const found = [...canaries].filter(([core]) => text.includes(core)).map(([, where]) => where);
      assert.deepEqual(found, [], `came out in ${place}`);
      // Nor the real secrets: the ServiceAccount token and the access token from Entra.
      if (place !== tokenFile)
        assert.doesNotMatch(text, /eyJ[\w-]{20,}\.eyJ[\w-]{20,}/, `a token came out in ${place}`);
    }
    assert.deepEqual(cloud.emulator.calls.report().alarms, [], "an account key was requested");
    const size = Object.values(places).reduce((sum, text) => sum + text.length, 0);
    report(
      7,
      `${canaries.size} canaries, 0 found in ${Math.round(size / 1024)} KiB of logs, answers, metrics and files`,
    );
  });
});
