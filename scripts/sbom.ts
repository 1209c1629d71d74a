// `npm run sbom`: the software bill of materials of the image, dist/sbom.cdx.json, in CycloneDX: what is in the bundle, Node, and the
// base image. The same sources give the same bytes: no serial number, no time.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import manifest from "../package.json" with { type: "json" };
import type { BundledPackage } from "./bundle/packages.ts";
import { NODE, servicePackages } from "./service-packages.ts";

const repository = resolve(import.meta.dirname, "..");

/** As text. `bundle`: file of the program, whose digest is stated. */
export async function createSbom(bundle: string): Promise<string> {
  const bom = new Models.Bom();
  const digest = createHash("sha256")
    .update(await readFile(bundle))
    .digest("hex");
  const product = new Models.Component(Enums.ComponentType.Application, manifest.name, {
    version: manifest.version,
    bomRef: `${manifest.name}@${manifest.version}`,
    licenses: licensed(manifest.license),
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], digest]]),
  });
  bom.metadata.component = product;
  for (const each of await servicePackages()) bom.components.add(toComponent(each, Enums.ComponentType.Library));
  bom.components.add(toComponent(NODE, Enums.ComponentType.Platform));
  bom.components.add(await baseImage());
  for (const component of bom.components) product.dependencies.add(component.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 1 })}\n`;
}

function toComponent(
  { name, version, license, homepage }: Omit<BundledPackage, "folder">,
  type: Enums.ComponentType,
): Models.Component {
  const component = new Models.Component(type, name, {
    version,
    bomRef: `${name}@${version}`,
    licenses: licensed(license),
  });
  if (/^https?:/.test(homepage)) {
    component.externalReferences.add(new Models.ExternalReference(homepage, Enums.ExternalReferenceType.Website));
  }
  return component;
}

/** As the Dockerfile names it. */
async function baseImage(): Promise<Models.Component> {
  const dockerfile = await readFile(join(repository, "Dockerfile"), "utf8");
  const [, name = "", tag = "", digest = ""] = /^FROM (\S+?):(\S+?)@sha256:([0-9a-f]{64})$/m.exec(dockerfile) ?? [];
  if (digest === "") throw new Error("the Dockerfile names no base image by digest");
  return new Models.Component(Enums.ComponentType.Container, name, {
    version: tag,
    bomRef: `${name}:${tag}`,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], digest]]),
  });
}

function licensed(expression: string): Models.LicenseRepository {
  const license = /[ (]/.test(expression)
    ? new Models.LicenseExpression(expression)
    : new Models.SpdxLicense(expression);
  return new Models.LicenseRepository([license]);
}

if (import.meta.main) {
  const file = join(repository, "dist/sbom.cdx.json");
  const program = join(repository, "dist/service/program.js");
  const text = await createSbom(program).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? new Error(`${program} is missing: npm run build`) : error;
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(file);
}
