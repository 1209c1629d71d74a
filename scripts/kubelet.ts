// `npm run kubelet [-- SPEC...]`: pods on a real kubelet, whose volumes a real FUSE client mounts from the emulated Azure. It
// builds what it needs once, and runs everything in separate namespaces.
import { runOnNode } from "./on-node.ts";

const given = process.argv.slice(2);
process.exitCode = await runOnNode(given.length > 0 ? given : ["test/kubelet/**/*.test.ts"]);
