// deploy/examples, one file for each mode: CreateVolume accepts every StorageClass in them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { RECOMMENDED_OPTIONS, readMountOptions } from "../../src/backend/blob/mount-options.ts";
import { findMountProblems } from "../../src/backend/blob/mount-problems.ts";
import type { BlobClass } from "../../src/backend/blob/parameters.ts";
import { parseVolumeClass } from "../../src/volume/class/parse-class.ts";
import { readDeployed, readSources, repository } from "../support/sources.ts";
import { CLIENT, SETTINGS } from "../support/volume-settings.ts";

interface StorageClass {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly mountOptions?: readonly string[];
  readonly volumeBindingMode: string;
  readonly allowVolumeExpansion?: boolean;
}

function classesIn(yaml: string): readonly StorageClass[] {
  const objects = parseAllDocuments(yaml).map((document) => document.toJS() as StorageClass | null);
  return objects.filter((object) => object !== null).filter(({ kind }) => kind === "StorageClass");
}

/** The classes in the YAML blocks of a document. */
function classesShownIn(markdown: string): readonly StorageClass[] {
  return [...markdown.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap(([, yaml = ""]) => classesIn(yaml));
}

describe("deploy/examples", () => {
  const classes = readSources("deploy/examples", ".yaml").flatMap(({ text }) => classesIn(text));
  /** With the one value filled in that every administrator must. */
  const parse = ({ parameters }: StorageClass): BlobClass => {
    const filledIn = { ...parameters, ...(parameters["clientID"] === "" && { clientID: CLIENT }) };
    return parseVolumeClass(filledIn, SETTINGS, blobBackend);
  };

  it("has a class for each identity mode and each isolation, all accepted by the controller", () => {
    const parsed = classes.map(parse);
    assert.deepEqual([...new Set(parsed.map(({ identity }) => identity))].sort(), ["parameters", "serviceAccount"]);
    assert.deepEqual([...new Set(parsed.map(({ isolation }) => isolation))].sort(), ["namespace", "pool", "volume"]);
    assert.deepEqual([...new Set(parsed.map(({ grantScope }) => grantScope))].sort(), ["account", "container"]);
    assert.ok(parsed.some(({ storageAccount }) => storageAccount !== undefined));
  });

  it("names our provisioner, and waits for the pod where the pod determines the ServiceAccount", () => {
    for (const each of classes) {
      assert.equal(each.provisioner, "keyless.blob.csi", each.metadata.name);
      const isLate = parse(each).identity === "serviceAccount";
      assert.equal(each.volumeBindingMode, isLate ? "WaitForFirstConsumer" : "Immediate", each.metadata.name);
    }
  });

  const readme = { path: "README.md", text: readFileSync(join(repository, "README.md"), "utf8") };
  const documents = [readme, ...readSources("docs", ".md"), ...readSources("deploy", ".md")];

  it("and every class in deploy/ and the documents has each recommended mount option, with its reason", () => {
    const shipped = readDeployed().flatMap(({ path, text }) => classesIn(text).map((each) => ({ path, each })));
    const shown = documents.flatMap(({ path, text }) => classesShownIn(text).map((each) => ({ path, each })));
    for (const { path, each } of [...shipped, ...shown]) {
      const { mountOptions = [], metadata } = each;
      const lacking = RECOMMENDED_OPTIONS.filter((option) => !mountOptions.includes(option));
      assert.deepEqual(lacking, [], `${path}: ${metadata.name}`);
      const asked = {
        flags: mountOptions,
        accessModes: ["MULTI_NODE_MULTI_WRITER"],
        className: "x",
        volumeClass: { ...parse(each), acceptsFileCache: false },
      };
      assert.deepEqual(findMountProblems(asked), [], path);
    }
    // No document hides a class from this test by showing it other than as a block of YAML.
    for (const { path, text } of documents) {
      assert.equal(text.match(/kind: StorageClass/g)?.length ?? 0, classesShownIn(text).length, path);
    }
    // Rendered files have lost the reasons that the chart's values.yaml has.
    const written = readDeployed().filter(({ text }) => !text.startsWith("# Rendered from"));
    for (const { path, text } of written) {
      const options = text
        .split("\n")
        .filter(
          (line) => /^ +- (-o|--[a-z])/.test(line) && RECOMMENDED_OPTIONS.some((option) => line.includes(option)),
        );
      for (const line of options) assert.match(line, / # \S/, `${path}: ${line}`);
    }
  });

  it("gives the dedicated node plugin memory for the mounts that its comment promises", () => {
    const [{ text = "" } = {}] = readSources("deploy/examples", "dedicated-node-plugin.yaml");
    const promises = [...text.matchAll(/(\d+)Gi holds (\d+) mounts/g)];
    assert.equal(promises.length, 2, "of the request and of the limit");
    const { poolSizeMiB = 0 } = readMountOptions(RECOMMENDED_OPTIONS);
    for (const [, gibibytes, mounts] of promises) {
      assert.match(text, new RegExp(`memory: ${gibibytes}Gi\n`));
      assert.equal(Math.floor((Number(gibibytes) * 1024 - 64) / (poolSizeMiB + 64)), Number(mounts));
    }
  });

  it("and the documents show no class that the controller would refuse", () => {
    const shown = documents.flatMap(({ text }) => classesShownIn(text));
    assert.ok(shown.length >= 2, "README.md shows one class for each identity mode");
    for (const each of shown) {
      assert.equal(each.provisioner, "keyless.blob.csi", each.metadata.name);
      assert.doesNotThrow(() => parse(each), each.metadata.name);
    }
  });
});
