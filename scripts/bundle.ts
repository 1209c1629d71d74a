// `npm run build`: the two bundles; `node scripts/bundle.ts service`: one of them. dist/service is what the container image contains:
// the service without emulator and demo. dist/emulator contains everything. Each is a folder that needs nothing but Node:
// - keyless-csi.mjs, which is started (src/bundled/start.ts);
// - program.js, the minified program as one CommonJS module, and program.js.LEGAL.txt with the legal comments in it;
// - LICENCES.txt, the licences of the packages in it (only the service has it);
// - program.js.v8-cache, the program as V8 has compiled it, without which it starts too, but later (only the service has it);
// - program.js.map, which is not in the image.
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, build, type Metafile } from "esbuild";
import { licenceTexts, packagesOf } from "./bundle/packages.ts";
import { asciiOnly, replace, unusedKubernetesClient } from "./bundle/plugins.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** A bundle: its file under the output folder, whether the emulator is in it, and its entry point if that is not the product's. */
interface Bundle {
  readonly file: string;
  readonly hasEmulator: boolean;
  readonly entry?: string;
}

export const BUNDLES = {
  service: { file: "service/keyless-csi.mjs", hasEmulator: false },
  emulator: { file: "emulator/keyless-csi-emulator.mjs", hasEmulator: true },
} as const satisfies Record<string, Bundle>;

const COMMON = {
  bundle: true,
  platform: "node",
  target: "node24",
  // Not `minify`, which shortens names too: the image does not contain the map, and stacks in its log keep functions' names, and
  // errors their classes'. `keepNames` would keep them as well, by a call whenever a function is made, also with each request.
  minifySyntax: true,
  minifyWhitespace: true,
  // Names of packages' files are in the program then: as they are called from the repository's root, wherever a link leads.
  preserveSymlinks: true,
  logLevel: "warning",
  // The file itself, also in the image's build: nothing that the repository's root happens to hold decides.
  tsconfig: join(repository, "tsconfig.json"),
} satisfies BuildOptions;

/** Builds one bundle into a folder of its own in `folder`; returns the path of the file to start. */
export async function bundle({ file, hasEmulator, entry }: Bundle, folder: string): Promise<string> {
  const outfile = join(folder, file);
  const program = join(dirname(outfile), "program.js");
  await build({ ...COMMON, entryPoints: [join(repository, "src/bundled/start.ts")], outfile, format: "esm" });
  const { metafile } = await build({
    ...programOf({ hasEmulator, ...(entry !== undefined && { entry }) }, program),
    metafile: true,
  });
  if (entry === undefined && !hasEmulator) {
    const texts = await licenceTexts(await packagesOf(inputsIn(metafile)));
    await writeFile(join(dirname(outfile), "LICENCES.txt"), texts);
    await compile(program);
  }
  return outfile;
}

/** Files that are in a bundle, from the repository's root: own sources and those of packages. Writes nothing. */
export async function inputsOf(bundled: Bundle): Promise<readonly string[]> {
  const options = programOf(bundled, join(repository, "dist/program.js"));
  const { metafile } = await build({ ...options, metafile: true, write: false, sourcemap: false });
  return inputsIn(metafile);
}

function inputsIn({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}

function programOf({ hasEmulator, entry }: Pick<Bundle, "hasEmulator" | "entry">, program: string): BuildOptions {
  const forService = [replace("bundled-emulator", "no-emulator"), replace("service-commands", "bundled-commands")];
  return {
    ...COMMON,
    absWorkingDir: repository,
    entryPoints: [join(repository, entry ?? "src/main.ts")],
    outfile: program,
    format: "cjs",
    sourcemap: "external",
    legalComments: "linked",
    // Where a package has both, an ES module: what is not used of it is left out, and nothing is there twice.
    mainFields: ["module", "main"],
    plugins: [...(hasEmulator ? [] : forService), unusedKubernetesClient, asciiOnly],
    // The function that src/bundled/program.ts calls.
    banner: { js: "(function (require, module, __filename, __dirname) {" },
    footer: { js: "})" },
  };
}

/** Writes the code cache of the service's program. */
async function compile(program: string): Promise<void> {
  await promisify(execFile)(process.execPath, [join(repository, "scripts/bundle/warm-up.ts"), program], {
    timeout: 60_000,
  });
}

if (import.meta.main) {
  const folder = join(repository, "dist");
  await rm(folder, { recursive: true, force: true });
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !(name in BUNDLES));
  if (unknown !== undefined) throw new Error(`no such bundle: ${unknown} (${Object.keys(BUNDLES).join(", ")})`);
  for (const [name, each] of Object.entries(BUNDLES)) {
    if (wanted.length === 0 || wanted.includes(name)) console.log(await bundle(each, folder));
  }
}
