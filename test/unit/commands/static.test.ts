// `keyless-csi static` as a command: what it refuses to start with, and how its report reads.
import assert from "node:assert/strict";
import { runCommandLine } from "../../../src/command-line.ts";
import { CATALOGUE } from "../../../src/commands/catalogue.ts";
import { toReport } from "../../../src/commands/static/report.ts";
import { createSink } from "../../support/sink.ts";
import { SUBSCRIPTION } from "../../support/volume-settings.ts";

const WHERE = [
  "--cluster-id=c",
  `--subscription-id=${SUBSCRIPTION}`,
  "--resource-group=g",
  "--location=westeurope",
  `--tenant-id=${SUBSCRIPTION}`,
];
const CONTAINER = ["--storage-account=contosodata", "--container=reports"];
const WHO = "--service-account=team-a/app";

async function run(env: NodeJS.ProcessEnv, ...argv: string[]) {
  const [stdout, stderr] = [createSink(), createSink()];
  const code = await runCommandLine({
    ...{ argv: ["static", ...WHERE, ...argv], env, catalogue: CATALOGUE, version: "0" },
    ...{ stdout: stdout.stream, stderr: stderr.stream, signal: new AbortController().signal },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe("keyless-csi static", () => {
  for (const [says, argv, problem] of [
    ["who uses it", CONTAINER, /--service-account: is required/],
    [
      "whose ServiceAccount it is",
      [...CONTAINER, "--service-account=app"],
      /"app": does not name an object in a namespace/,
    ],
    ["what it is made of", [WHO], /--volume: or --storage-account and --container are required/],
    [
      "the container of an account",
      [WHO, "--storage-account=contosodata"],
      /--container: is required: they go together/,
    ],
    ["the account of a container", [WHO, "--container=reports"], /--storage-account: is required: they go together/],
    ["one of both", [WHO, ...CONTAINER, "--volume=pvc-1"], /--volume: stands in for --storage-account and --container/],
    [
      "a name of an account",
      [WHO, "--storage-account=Contoso", "--container=c-1"],
      /"Contoso": is not the name.*or its ARM id/,
    ],
    [
      "a name of a container",
      [WHO, "--storage-account=contosodata", "--container=$web"],
      /"\$web": is not the name of a container/,
    ],
    ["what gives access twice", [WHO, ...CONTAINER, "--assign"], /--assign: gives access to data; .* then add --yes/],
    [
      "what keys a volume has",
      [WHO, "--volume=pvc-1", "--not-keyless-yet"],
      /--not-keyless-yet: is for --storage-account/,
    ],
    ["a cluster", [WHO, ...CONTAINER, "--kubernetes=off"], /--kubernetes: cannot be off/],
  ] as const) {
    it(`wants to know ${says}`, async () => {
      const { code, stderr, stdout } = await run({}, ...argv);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, problem);
    });
  }

  it("takes from the environment neither whom to open what for nor a confirmation", async () => {
    const env = { KEYLESS_CSI_ASSIGN: "true", KEYLESS_CSI_YES: "true", KEYLESS_CSI_VOLUME: "pvc-1" };
    const { code, stderr } = await run(env, WHO, ...CONTAINER);
    assert.equal(code, 2);
    for (const name of Object.keys(env)) assert(stderr.includes(name), `${name}: ${stderr}`);
  });

  it("prints commands that a shell takes as one", () => {
    const finding = { state: "missing" as const, text: "no access", command: ["az one", "--two", "--three"] };
    const volume = { volume: "pvc-1" };
    const serviceAccount = { namespace: "team-a", serviceAccount: "app" };
    const request = { target: volume, serviceAccount, driver: "keyless.blob.csi", assigns: false };
    assert.equal(
      toReport([finding], { request, objects: undefined, ownDriver: "keyless.blob.csi" }),
      "missing  no access\n         az one \\\n           --two \\\n           --three\n",
    );
  });
});
