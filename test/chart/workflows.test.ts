// The workflows of GitHub, which do not run here: checked by actionlint, and for what a stolen token or tag could do.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { readSources, repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";

interface Workflow {
  readonly on: object;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[]; readonly permissions?: string | object }>>;
}
interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

describe("the workflows", function () {
  this.timeout(300_000); // a guard against a hang only; the first run on a machine builds actionlint
  const files = readSources(".github/workflows", ".yaml");
  const steps = files.flatMap(({ path, text }) =>
    Object.values((parse(text) as Workflow).jobs).flatMap((job) => job.steps.map((step) => ({ path, ...step }))),
  );

  it("pass actionlint", async () => {
    assert(files.length >= 4);
    const paths = files.map(({ path }) => join(repository, path));
    await promisify(execFile)(await toolPath("actionlint"), ["-shellcheck=", "-pyflakes=", ...paths]);
  });

  it("pin every action by a commit, with its version as a comment", () => {
    for (const { path, text } of files) {
      const uses = text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line));
      for (const line of uses) assert.match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${path}: ${line.trim()}`);
    }
  });

  it("give no job more than it states, and leave no token in the checkout", () => {
    for (const { path, text } of files) {
      const { permissions } = parse(text) as Workflow;
      assert(
        Object.values(permissions).every((right) => right === "read"),
        `${path}: permissions`,
      );
    }
    for (const { path, uses = "", with: given } of steps) {
      if (uses.startsWith("actions/checkout@")) assert.equal(given?.["persist-credentials"], false, path);
    }
  });

  it("end where the first command of a pipe fails", () => {
    const piped = steps.filter(({ run = "" }) => / \| /.test(run));
    assert(piped.length > 0);
    // Without `shell: bash`, GitHub runs `bash -e` only.
    for (const { path, run = "" } of piped) assert.match(run, /^set -o pipefail\b/, path);
  });

  it("run nothing that a contributor's text can change", () => {
    for (const { path, run = "" } of steps) {
      assert.doesNotMatch(run, /\$\{\{ *github\.(event|head_ref|ref_name|actor)/, path);
    }
  });
});
