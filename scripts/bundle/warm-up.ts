// Runs the controller of a bundle until it serves, beside a stand-in for the API server, and writes its code cache: what V8 has
// compiled by then. A process of its own, started by bundle.ts: `node warm-up.ts PROGRAM`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProgram, runProgram, writeCache } from "../../src/bundled/program.ts";

const GUID = "00000000-0000-4000-8000-000000000001";
/** Between two attempts to connect. */
const AGAIN_MS = 5;

const [path = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "keyless-csi-warm-up-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const socketPath = join(folder, "csi.sock");

// Any object has a UID: the controller reads that of namespace kube-system.
const apiServer = createServer((_request, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify({ metadata: { uid: GUID } }));
});
apiServer.listen(0, "127.0.0.1", () => {
  const server = `http://127.0.0.1:${(apiServer.address() as AddressInfo).port}`;
  // JSON is YAML too.
  const kubeconfig = {
    clusters: [{ name: "a", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "a", user: {} }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    "current-context": "a",
  };
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
  run();
});

function run(): void {
  process.argv = [
    ...[process.execPath, path, "controller", `--endpoint=unix://${socketPath}`, "--cluster-id=warm-up"],
    ...["--kubernetes=on", `--kubeconfig=${join(folder, "kubeconfig")}`],
    // Without variables of Azure's it signs in nowhere.
    ...[
      "--credential=environment",
      "--subscription-id",
      GUID,
      "--tenant-id",
      GUID,
      "--resource-group=a",
      "--location=westeurope",
    ],
  ];
  for (const name of Object.keys(process.env)) if (/^(AZURE|KEYLESS|KUBERNETES)_/.test(name)) delete process.env[name];
  const script = readProgram(path);
  runProgram(path, script);
  whenServing(() => {
    writeCache(path, script);
    process.exit(0);
  });
}

function whenServing(then: () => void): void {
  connect(socketPath)
    .once("connect", then)
    .once("error", () => setTimeout(() => whenServing(then), AGAIN_MS));
}
