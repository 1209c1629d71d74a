// The bill of materials, and the licences: what is in the image, and nothing that may not be.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import manifest from "../../package.json" with { type: "json" };
import { licenceTexts } from "../../scripts/bundle/packages.ts";
import { createSbom } from "../../scripts/sbom.ts";
import { servicePackages } from "../../scripts/service-packages.ts";

/** Licences that ask for nothing but their text. */
const ALLOWED = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];

interface Sbom {
  readonly metadata: { readonly component: { readonly version: string; readonly hashes: readonly object[] } };
  readonly components: readonly { readonly name: string; readonly type: string; readonly version: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

describe("the bill of materials", () => {
  let folder: string;
  let text: string;
  let sbom: Sbom;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-sbom-"));
    await writeFile(join(folder, "program.js"), "a program");
    text = await createSbom(join(folder, "program.js"));
    sbom = JSON.parse(text) as Sbom;
  });
  after(() => rm(folder, { recursive: true }));

  it("is valid CycloneDX, by its schema", async () => {
    assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text), null);
  });

  it("is the same each time", async () => {
    assert.equal(await createSbom(join(folder, "program.js")), text);
    assert.doesNotMatch(text, /serialNumber|timestamp/);
  });

  it("has what the bundle contains, with Node and the base image", () => {
    const names = sbom.components.map(({ name }) => name);
    for (const name of ["@grpc/grpc-js", "@azure/identity", "undici", "winston", "node"])
      assert(names.includes(name), name);
    // Of the emulator, the demo and the tests.
    for (const name of ["jose", "@azure/storage-blob", "mocha", "esbuild"]) assert(!names.includes(name), name);
    const base = sbom.components.find(({ type }) => type === "container");
    assert.equal(base?.name, "gcr.io/distroless/cc-debian13");
    assert.equal(sbom.metadata.component.version, manifest.version);
    assert.equal(sbom.dependencies.find(({ dependsOn = [] }) => dependsOn.length > 0)?.dependsOn?.length, names.length);
  });

  it("comes with the licence of each package, whole", async () => {
    const packages = await servicePackages();
    const texts = (await licenceTexts(packages)).split(/^-{80}$/m);
    assert.equal(texts.length, packages.length);
    for (const [index, text] of texts.entries()) {
      assert.match(text, /copyright|permission|license/i, packages[index]?.name);
      assert(text.length > 400, packages[index]?.name);
    }
  });

  it("has only licences that ask for nothing but their text", async () => {
    const packages = await servicePackages();
    assert(packages.length > 20);
    const isAllowed = (license: string) =>
      license
        .replace(/[()]/g, "")
        .split(/ (?:OR|AND) /)
        .every((each) => ALLOWED.includes(each));
    assert.deepEqual(
      packages.filter(({ license }) => !isAllowed(license)).map(({ name, license }) => `${name}: ${license}`),
      [],
    );
  });
});
