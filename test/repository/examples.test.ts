// deploy/examples, one file for each mode: what a StorageClass in it says is what CreateVolume reads.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { parseVolumeClass } from "../../src/volume/class-parameters.ts";
import type { VolumeClass } from "../../src/volume/volume-class.ts";
import { readSources, repository } from "../support/sources.ts";
import { SETTINGS } from "../support/volume-settings.ts";

interface StorageClass {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
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
  const parse = ({ parameters }: StorageClass): VolumeClass => parseVolumeClass(parameters, SETTINGS);

  it("has a class for each identity mode and each isolation, all accepted by the controller", () => {
    const parsed = classes.map(parse);
    assert.deepEqual([...new Set(parsed.map(({ identity }) => identity))].sort(), ["parameters", "serviceAccount"]);
    assert.deepEqual([...new Set(parsed.map(({ isolation }) => isolation))].sort(), ["namespace", "pool", "volume"]);
    assert.deepEqual([...new Set(parsed.map(({ grantScope }) => grantScope))].sort(), ["account", "container"]);
    assert.ok(parsed.some(({ storageAccount }) => storageAccount !== undefined));
  });

  it("names our provisioner, and waits for the pod where the pod tells the ServiceAccount", () => {
    for (const each of classes) {
      assert.equal(each.provisioner, "keyless.blob.csi", each.metadata.name);
      const isLate = parse(each).identity === "serviceAccount";
      assert.equal(each.volumeBindingMode, isLate ? "WaitForFirstConsumer" : "Immediate", each.metadata.name);
    }
  });

  it("and the documents show no class that the controller would refuse", () => {
    const readme = { path: "README.md", text: readFileSync(join(repository, "README.md"), "utf8") };
    const shown = [readme, ...readSources("docs", ".md")].flatMap(({ text }) => classesShownIn(text));
    assert.ok(shown.length >= 2, "README.md shows one class for each identity mode");
    for (const each of shown) {
      assert.equal(each.provisioner, "keyless.blob.csi", each.metadata.name);
      assert.doesNotThrow(() => parse(each), each.metadata.name);
    }
  });
});
