// `npm run build`: the two bundles. dist/service is what the container image contains: the service without emulator and
// demo. dist/emulator contains everything. Each is one minified ES module that needs nothing but Node; a source map lies beside it.
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

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

/** Replaces `bundled-emulator.ts`, the only import of the emulator, by `no-emulator.ts`. */
const withoutEmulator: Plugin = {
  name: "without-emulator",
  setup(builder) {
    builder.onResolve({ filter: /\/bundled-emulator\.ts$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "no-emulator.ts"),
    }));
  },
};

/** Builds one bundle into `folder`; returns the path of its module. */
export async function bundle({ file, hasEmulator, entry = "src/main.ts" }: Bundle, folder: string): Promise<string> {
  const outfile = join(folder, file);
  await build({
    entryPoints: [join(repository, entry)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "external",
    minify: true,
    // The image does not contain the map: stacks in its log keep functions' names, and errors their classes'.
    keepNames: true,
    legalComments: "linked",
    logLevel: "warning",
    plugins: hasEmulator ? [] : [withoutEmulator],
    // CommonJS packages (grpc-js among them) call require for Node's own modules, which an ES module does not have.
    banner: {
      js: `import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);`,
    },
  });
  return outfile;
}

if (import.meta.main) {
  const folder = join(repository, "dist");
  await rm(folder, { recursive: true, force: true });
  for (const each of Object.values(BUNDLES)) console.log(await bundle(each, folder));
}
