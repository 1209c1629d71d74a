// The names in the documents' commands: one version, class and identity everywhere, and commands that do what they seem to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { readDeployed, readSources, repository } from "../support/sources.ts";

const pages = [
  ...["README.md", "CONTRIBUTING.md"].map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") })),
  ...readSources("docs", ".md").filter(({ path }) => !path.startsWith("docs/decisions/")),
];
const deployed = readDeployed();

/** `path: match` of each first group of the pattern that is not as it should be. */
function findOthers(pattern: RegExp, isRight: (found: string) => boolean, sources = pages): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].flatMap(([, found = ""]) => (isRight(found) ? [] : [`${path}: ${found}`])),
  );
}

describe("the documents", () => {
  it("name the image and the program by this version", () => {
    const isThis = (version: string) => version === manifest.version;
    assert.deepEqual(findOthers(/\bkeyless-csi:(\d+\.\d+\.\d+)/g, isThis, [...pages, ...deployed]), []);
    assert.deepEqual(findOthers(/\bversion=(\d+\.\d+\.\d+)/g, isThis), []);
  });

  it("use classes that deploy/ has, under names of which each is there once", () => {
    const classes = deployed
      .flatMap(({ text }) => parseAllDocuments(text).map((each) => each.toJS() as { kind?: string } | null))
      .filter((each) => each?.kind === "StorageClass")
      .map((each) => (each as unknown as { metadata: { name: string } }).metadata.name);
    assert.deepEqual(classes, [...new Set(classes)]);
    assert.deepEqual(
      findOthers(/storageClassName: ([\w-]+)/g, (name) => classes.includes(name)),
      [],
    );
  });

  it("call the controller's identity and the tenant's by one name each", () => {
    const isKnown = (name: string) => ["keyless-csi-controller", "team-a-app"].includes(name);
    const identity = /az identity \S+(?: \S+)? .*?(?:-n|--name|--identity-name) ([\w-]+)/g;
    assert.deepEqual(findOthers(identity, isKnown), []);
  });

  it("show `npx keyless-csi`, which would fetch a package of that name elsewhere, only for a checkout", () => {
    const ofCheckout = ["README.md", "CONTRIBUTING.md", "tutorial.md", "emulator.md", "commands.md"];
    const others = pages.filter(({ path }) => !ofCheckout.some((name) => path.endsWith(name)));
    assert.deepEqual(
      findOthers(/(npx (?!--no )keyless\S+)/g, () => false, others),
      [],
    );
  });

  it("read the logs of every replica of the controller, not of one that kubectl picks", () => {
    const isOfAll = (command: string) => !/\bdeploy(ment)?\/keyless-csi/.test(command);
    assert.deepEqual(findOthers(/(kubectl [^`\n]*\blogs\b[^`\n]*)/g, isOfAll), []);
  });

  it("keep files with secrets in a folder that only their owner can read", () => {
    assert.deepEqual(
      findOthers(/(?:--ready-file|--cloud-file) (\S*ready\.json)/g, (file) => file.startsWith("/tmp/keyless-csi/")),
      [],
    );
  });
});
