// `npm run mount -- --blobplugin FILE --blobfuse2 FILE`: the suite of `npm run kubelet` with the unmodified OSS blob node plugin
// and unmodified blobfuse2 in place of the tests' own node plugin, and the tests that need blobfuse2.
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { runOnNode } from "./on-node.ts";

const HELP = `Usage: npm run mount -- --blobplugin FILE --blobfuse2 FILE [SPEC...]

Pods on a real kubelet, mounted by the OSS blob node plugin and blobfuse2 from the emulated Azure. Linux, as root.
  --blobplugin FILE   the plugin's program (v1.27.1 or later)
  --blobfuse2 FILE    blobfuse2 (2.5 or later); it needs libfuse3
  SPEC                test files; default: all of test/kubelet and test/mount
docs/how-to/mount-with-blobfuse2.md says where to get both.
`;

function usage(problem: string): never {
  process.stderr.write(`${problem}\n\n${HELP}`);
  process.exit(2);
}

function parse() {
  const options = {
    blobplugin: { type: "string" },
    blobfuse2: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage((error as Error).message);
  }
}

/** An absolute path of a program; ends with advice when it is none. */
function program(flag: string, file: string | undefined): string {
  if (file === undefined) return usage(`--${flag} is missing`);
  const path = resolve(process.env["INIT_CWD"] ?? ".", file); // npm runs this in the project's folder, not in the caller's
  try {
    accessSync(path, constants.X_OK);
    if (statSync(path).isFile()) return path;
  } catch {
    // Said below, as for a folder.
  }
  return usage(`--${flag} ${path}: no such program (it must be an executable file)`);
}

const { values, positionals } = parse();
if (values.help) {
  process.stdout.write(HELP);
} else {
  const env = {
    KEYLESS_CSI_BLOBPLUGIN: program("blobplugin", values.blobplugin),
    KEYLESS_CSI_BLOBFUSE2: program("blobfuse2", values.blobfuse2),
  };
  const specs = positionals.length > 0 ? positionals : ["test/kubelet/**/*.test.ts", "test/mount/**/*.test.ts"];
  process.exitCode = await runOnNode(specs, env);
}
