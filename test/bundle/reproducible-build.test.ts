// The image's bundle: what the Dockerfile builds from what it copies is, byte for byte, what the tests run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { BUNDLES, bundle } from "../../scripts/bundle.ts";
import { repository } from "../support/sources.ts";

/** Of the image. The code cache, program.js.v8-cache, belongs to the Node that made it: another build of Node rejects it. */
const FILES = ["LICENCES.txt", "keyless-csi.mjs", "program.js", "program.js.LEGAL.txt"];

/** Folders and files of the checkout that the build stage has, and the command that makes the bundle there. */
function buildStage(): { readonly copied: readonly string[]; readonly command: string } {
  const lines = readFileSync(join(repository, "Dockerfile"), "utf8").split("\n");
  const [, ...rest] = lines.join("\n").split(/^FROM /m);
  const stage = (rest[0] ?? "").split("\n");
  const copied = stage.filter((line) => line.startsWith("COPY ")).flatMap((line) => line.split(" ").slice(1, -1));
  const command = stage.findLast((line) => line.startsWith("RUN "))?.slice("RUN ".length) ?? "";
  return { copied, command };
}

async function digests(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = FILES.map(async (name) => {
    const hash = createHash("sha256").update(await readFile(join(folder, name)));
    return [name, hash.digest("hex")] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe("the bundle of the image", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-image-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("is the same bytes wherever, whenever and by whomever it is built", async () => {
    const { copied, command } = buildStage();
    assert.deepEqual([copied.includes("tsconfig.json"), command], [true, "node scripts/bundle.ts service"]);
    const stage = join(folder, "a folder of another name");
    for (const name of copied) await cp(join(repository, name), join(stage, name), { recursive: true });
    await symlink(join(repository, "node_modules"), join(stage, "node_modules")); // npm ci
    const env = { ...process.env, TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", HOME: folder, NODE_OPTIONS: "" };
    const build = `umask 077 && exec "${process.execPath}" ${command.slice("node ".length)}`;
    await promisify(execFile)("sh", ["-c", build], { cwd: stage, env });
    const here = dirname(await bundle(BUNDLES.service, join(folder, "here")));
    assert.deepEqual(await digests(join(stage, "dist/service")), await digests(here));
  });
});
