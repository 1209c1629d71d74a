// The Go programs that tests need (csi-sanity, the programs of a control plane, an Azure client), built from test/tools on
// first use into a cache outside the repository. A tool that cannot be built is an error, never a skip.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtOnce } from "./build-cache.ts";

const run = promisify(execFile);

/**
 * Which module file builds which programs (all at once: they share most of their code), and how long a first build takes.
 * `tool` stands for the tools that the module file names, `.` for the program in the folder itself.
 */
const modules = {
  sanity: { target: "tool", minutes: 1, programs: ["csi-sanity"] },
  "clients-go": { target: ".", minutes: 1, programs: ["clients-go"] },
  fuse: { target: ".", minutes: 2, programs: ["fuse"] },
  cluster: {
    target: "tool",
    minutes: 6,
    programs: ["server", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet"],
  },
  // Apart from the cluster: they need other versions of Kubernetes' libraries than its programs do.
  sidecars: { target: "tool", minutes: 3, programs: ["csi-provisioner", "csi-resizer"] },
  helm: { target: "tool", minutes: 4, programs: ["helm"] },
  "helm-unittest": { target: "tool", minutes: 2, programs: ["helm-unittest"] },
  kubeconform: { target: "tool", minutes: 1, programs: ["kubeconform"] },
  "kube-score": { target: "tool", minutes: 1, programs: ["kube-score"] },
  actionlint: { target: "tool", minutes: 1, programs: ["actionlint"] },
} as const;

type ModuleName = keyof typeof modules;

/** The programs by their everyday names: etcd's module calls its binary `server`. */
const tools = {
  "csi-sanity": ["sanity", "csi-sanity"],
  "clients-go": ["clients-go", "clients-go"],
  /** rclone, with its Azure Blob backend and its FUSE mount. */
  rclone: ["fuse", "fuse"],
  etcd: ["cluster", "server"],
  "kube-apiserver": ["cluster", "kube-apiserver"],
  "kube-controller-manager": ["cluster", "kube-controller-manager"],
  "kube-scheduler": ["cluster", "kube-scheduler"],
  kubectl: ["cluster", "kubectl"],
  kubelet: ["cluster", "kubelet"],
  "csi-provisioner": ["sidecars", "csi-provisioner"],
  "csi-resizer": ["sidecars", "csi-resizer"],
  helm: ["helm", "helm"],
  "helm-unittest": ["helm-unittest", "helm-unittest"],
  kubeconform: ["kubeconform", "kubeconform"],
  "kube-score": ["kube-score", "kube-score"],
  actionlint: ["actionlint", "actionlint"],
} as const satisfies Record<string, readonly [ModuleName, string]>;

/** A program that {@link toolPath} knows. */
export type ToolName = keyof typeof tools;

/** Absolute path of a program, built first if this machine has not built it yet. */
export async function toolPath(name: ToolName): Promise<string> {
  const [module, program] = tools[name];
  const folder = await builtFolder(module);
  const path = join(folder, program);
  if (!existsSync(path)) throw new Error(`${path} is missing: delete ${folder}, and it is built again`);
  return path;
}

/** The official csi.proto, from the Go module of the specification. */
export function officialProto(): Promise<string> {
  return moduleFile("sanity", "github.com/container-storage-interface/spec", "csi.proto");
}

/** A file of a Go module, in the version that one of our module files names; downloaded if necessary. */
async function moduleFile(module: ModuleName, path: string, file: string): Promise<string> {
  const answer = await goIn(moduleSource(module))("mod", "download", "-json", path);
  const { Dir } = JSON.parse(answer) as { Dir?: string };
  if (!Dir) throw new Error(`go mod download gives no folder for ${path}`);
  return join(Dir, file);
}

/** Official .proto files of what a kubelet calls, by the module that they are in. */
const protos = {
  "k8s.io/cri-api": "pkg/apis/runtime/v1/api.proto",
  "k8s.io/kubelet": "pkg/apis/pluginregistration/v1/api.proto",
  "github.com/container-storage-interface/spec": "csi.proto",
} as const;

/** The interface of a module that the kubelet is built from. */
export function kubeletProto(module: keyof typeof protos): Promise<string> {
  return moduleFile("cluster", module, protos[module]);
}

/** Builds and downloads in advance what suites with a node need: nothing can be fetched in their namespaces. */
export async function buildForNode(): Promise<void> {
  for (const module of ["cluster", "sidecars", "fuse"] as const) await builtFolder(module);
  for (const module of Object.keys(protos) as (keyof typeof protos)[]) await kubeletProto(module);
}

const building = new Map<ModuleName, Promise<string>>();

function builtFolder(module: ModuleName): Promise<string> {
  const known = building.get(module);
  if (known) return known;
  const folder = build(module);
  building.set(module, folder);
  return folder;
}

async function build(module: ModuleName): Promise<string> {
  const { minutes, programs, target } = modules[module];
  return builtOnce({
    name: `${module}-${await fingerprint(module)}`,
    announcement: `building ${programs.join(", ")} (about ${minutes} min, once)`,
    into: async (folder) => {
      await goIn(moduleSource(module))("build", await linkerFlags(module), "-o", `${folder}/`, target);
      for (const program of programs) {
        if (!existsSync(join(folder, program)))
          throw new Error(`go build made no ${program} from test/tools/${module}`);
      }
    },
  });
}

/** No symbols; and Kubernetes' programs say their version, which charts and features ask for, as in a release. */
async function linkerFlags(module: ModuleName): Promise<string> {
  if (module !== "cluster") return "-ldflags=-s -w";
  const version = (await goIn(moduleSource(module))("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")).trim();
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const set = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return `-ldflags=-s -w ${set.join(" ")}`;
}

/** The same module files, sources, flags and Go version give the same folder; anything else is a new build. */
async function fingerprint(module: ModuleName): Promise<string> {
  const source = moduleSource(module);
  const hash = createHash("sha256");
  const files = (await readdir(source)).filter((file) => /\.(go|mod|sum)$/.test(file)).sort();
  for (const file of files) hash.update(await readFile(join(source, file)));
  hash.update(await linkerFlags(module));
  hash.update(await goIn(source)("env", "GOVERSION", "GOOS", "GOARCH"));
  return hash.digest("hex").slice(0, 16);
}

function moduleSource(module: ModuleName): string {
  return join(dirname(fileURLToPath(import.meta.url)), "..", "tools", module);
}

/** Runs `go` in a folder and answers its standard output; a failure carries the end of its standard error. */
function goIn(folder: string): (...args: string[]) => Promise<string> {
  // -mod=readonly: a build must not change the module files; -buildvcs=false: nor depend on this repository's git state.
  const flags = `${process.env.GOFLAGS ?? ""} -mod=readonly -buildvcs=false`.trim();
  const options = { cwd: folder, env: { ...process.env, GOFLAGS: flags, GOWORK: "off" }, maxBuffer: 64 << 20 };
  return async (...args) => {
    try {
      return (await run("go", args, options)).stdout;
    } catch (error) {
      const { code, stderr } = error as { code?: string | number; stderr?: string };
      if (code === "ENOENT") throw new Error("Go is not installed (no `go` on PATH): tests need Go 1.26 or later");
      throw new Error(`go ${args.join(" ")} in ${folder} failed (${code}):\n${(stderr ?? "").slice(-4000)}`);
    }
  };
}

// `node test/support/tools.ts sanity cluster` builds before the tests, so that none of them waits for a compiler.
if (import.meta.main) {
  for (const module of process.argv.slice(2)) {
    if (!(module in modules)) throw new Error(`no such tools: ${module} (${Object.keys(modules).join(", ")})`);
    await builtFolder(module as ModuleName);
  }
}
