// A real Kubernetes control plane on loopback, in about 3 seconds: etcd, kube-apiserver and the controllers that bind,
// protect and expand claims. Without a scheduler and a kubelet pods stay pending; claims and volumes behave as in any cluster.
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeKubeconfig } from "./kubeconfig.ts";
import { eventually, type Program, removeFolder, startProgram, stopPrograms } from "./processes.ts";
import { type ToolName, toolPath } from "./tools.ts";

export interface ControlPlane {
  /** Logs, keys and kubeconfigs; `stop` removes it unless logs are kept. */
  readonly folder: string;
  readonly server: string;
  /** PEM file of the API server's certificate. */
  readonly caFile: string;
  /** For an administrator (system:masters). */
  readonly kubeconfig: string;
  /** Runs kubectl as the administrator; rejects with its standard error. `input` goes to its standard input. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** A kubeconfig with a token of an existing ServiceAccount, from TokenRequest: what its pod would have. */
  kubeconfigOf(namespace: string, serviceAccount: string): Promise<string>;
  /** Starts another program of the cluster, which is stopped before the control plane. */
  start(tool: ToolName, args: readonly string[]): Promise<Program>;
  /** Stops everything. Prints where the logs are if they are kept. */
  stop(options?: { readonly keepLogs: boolean }): Promise<void>;
}

/** What a node needs in addition: pods are scheduled onto it, and Deployments create and replace them. */
export interface ControlPlaneOptions {
  readonly schedulesPods?: boolean;
}

const controllers = [
  "persistentvolume-binder-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
  "persistentvolume-expander-controller",
  "ephemeral-volume-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "serviceaccount-controller",
];

const controllersOfPods = [
  "deployment-controller",
  "replicaset-controller",
  "node-lifecycle-controller",
  "root-ca-certificate-publisher-controller",
];

/** Starts it and waits until the API server is ready. Nothing is left running when it rejects. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-cluster-"));
  const programs: Program[] = [];
  try {
    return await bringUp(folder, programs, options);
  } catch (error) {
    await stopPrograms(programs);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function bringUp(
  folder: string,
  programs: Program[],
  { schedulesPods = false }: ControlPlaneOptions,
): Promise<ControlPlane> {
  const start = async (tool: ToolName, args: readonly string[]) => {
    const program = await startProgram(await toolPath(tool), args, { name: tool, logFolder: folder });
    programs.push(program);
    return program;
  };
  const etcd = await startEtcd(folder, start);
  const adminToken = randomBytes(16).toString("hex");
  const server = await startApiServer({ folder, etcd, adminToken, start });
  const caFile = join(folder, "apiserver.crt");
  const kubeconfig = await writeKubeconfig(join(folder, "admin.kubeconfig"), { server, caFile, token: adminToken });
  await start("kube-controller-manager", [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${[...controllers, ...(schedulesPods ? controllersOfPods : [])].join(",")}`,
    "--leader-elect=false",
    `--service-account-private-key-file=${join(folder, "service-account.key")}`,
    `--root-ca-file=${caFile}`,
    "--secure-port=0",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ]);
  if (schedulesPods) {
    await start("kube-scheduler", [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"]);
  }
  const kubectlPath = await toolPath("kubectl");
  const kubectl = (args: readonly string[], input?: string) =>
    runKubectl(kubectlPath, ["--kubeconfig", kubeconfig, ...args], input);
  return {
    folder,
    server,
    caFile,
    kubeconfig,
    kubectl,
    kubeconfigOf: async (namespace, serviceAccount) => {
      const token = await kubectl(["create", "token", serviceAccount, "--namespace", namespace, "--duration", "1h"]);
      const file = join(folder, `${namespace}.${serviceAccount}.kubeconfig`);
      return writeKubeconfig(file, { server, caFile, token: token.trim(), namespace });
    },
    start,
    stop: async (options) => {
      await stopPrograms(programs);
      await removeFolder(folder, options);
    },
  };
}

type Start = ControlPlane["start"];

async function startEtcd(folder: string, start: Start): Promise<string> {
  const client = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  await start("etcd", [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync", // thrown away after the run
  ]);
  return client;
}

async function startApiServer(options: {
  folder: string;
  etcd: string;
  adminToken: string;
  start: Start;
}): Promise<string> {
  const { folder, etcd, adminToken, start } = options;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFile(join(folder, "service-account.key"), privatePem, { mode: 0o600 });
  await writeFile(join(folder, "service-account.pub"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(join(folder, "tokens.csv"), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const apiServer = await start("kube-apiserver", [
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1", // otherwise it looks for a default route, which a namespace need not have
    "--endpoint-reconciler-type=none", // nothing looks it up by the kubernetes Service
    `--cert-dir=${folder}`, // where it creates its own certificate, apiserver.crt
    `--service-account-issuer=${server}`,
    `--service-account-jwks-uri=${server}/openid/v1/jwks`,
    `--service-account-key-file=${join(folder, "service-account.pub")}`,
    `--service-account-signing-key-file=${join(folder, "service-account.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--allow-privileged=true", // as wherever CSI node plugins run
  ]);
  await eventually(apiServer, () => checkReady(folder, `${server}/readyz`, adminToken));
  return server;
}

/** Rejects unless /readyz answers 200, over TLS that is verified with the certificate that the server created. */
async function checkReady(folder: string, url: string, token: string): Promise<void> {
  const ca = await readFile(join(folder, "apiserver.crt"), "utf8");
  const status = await new Promise((resolve, reject) => {
    const call = request(url, { ca, agent: false, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on("error", reject);
    call.end();
  });
  if (status !== 200) throw new Error(`/readyz answered ${status}`);
}

/** Answers what it printed; rejects with its standard error. */
export function runKubectl(path: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`kubectl ${args.slice(2).join(" ")}: ${stderr || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.on("error", () => undefined); // it may end without reading its input: its exit status says whether that is a failure
    child.stdin?.end(input);
  });
}

/** A port that was free a moment ago: these programs do not report which port they chose when given 0. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
}
