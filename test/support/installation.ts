// deploy/manifests on a real control plane, with the controller, an emulated Azure and csi-provisioner as processes beside
// it: what the suites under test/cluster and test/kubelet install.
import assert from "node:assert/strict";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { argumentsOf, type Manifest, manifestOf, readManifests, withFlags } from "./deployment.ts";
import { type EmulatedDriver, startDriverBeside, startEmulatedDriver } from "./emulated-driver.ts";
import { logTail, type Program } from "./processes.ts";
import { toolPath } from "./tools.ts";

export interface InstallationOptions {
  readonly clusterId: string;
  /** Kinds of deploy/manifests that are not applied; StorageClasses never are. */
  readonly without?: readonly string[];
  /** Flags of the controller beside those that connect it. */
  readonly controllerFlags?: readonly string[];
  /** Flags of csi-provisioner beside those of the Deployment. */
  readonly provisionerFlags?: Readonly<Record<string, string>>;
  /** Whose emulated Azure this one uses too; otherwise it gets one of its own. */
  readonly beside?: Installation;
}

export interface Installation {
  readonly plane: ControlPlane;
  readonly driver: EmulatedDriver;
  readonly provisioner: Program;
  readonly manifests: readonly Manifest[];
  /** Of the controller's ServiceAccount. */
  readonly kubeconfig: string;
  /** `kubectl apply` of objects, each as JSON or YAML. */
  apply(...objects: readonly string[]): Promise<void>;
  /** Applies the shipped StorageClass under another name, bound immediately unless `changes` says otherwise. */
  applyClass(name: string, changes: Readonly<Record<string, unknown>>): Promise<void>;
  stop(options: { readonly keepLogs: boolean }): Promise<void>;
}

/** Nothing is left running when it rejects. */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool); // a build must not count as start-up time
  const started = Date.now();
  const plane = await startControlPlane();
  console.log(`      control plane ready in ${(Date.now() - started) / 1000} s`);
  let driver: EmulatedDriver | undefined;
  try {
    const manifests = await readManifests();
    const omitted = ["StorageClass", ...(options.without ?? [])];
    const objects = manifests.filter(({ kind }) => !omitted.includes(kind));
    await applyObjects(plane, objects);
    await letEntraReadKeys(plane);
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    const flags = ["--kubernetes", "on", "--kubeconfig", kubeconfig, ...(options.controllerFlags ?? [])];
    driver =
      options.beside === undefined
        ? await startEmulatedDriver(options.clusterId, flags, issuerFlags(plane))
        : await startDriverBeside(options.beside.driver, options.clusterId, flags);
    const provisioner = await startSidecar("csi-provisioner", { plane, driver, flags: options.provisionerFlags });
    return toInstallation({ plane, driver, provisioner, manifests, kubeconfig });
  } catch (error) {
    await plane.stop({ keepLogs: true });
    await driver?.stop({ keepLogs: true });
    throw error;
  }
}

function toInstallation(running: Omit<Installation, "apply" | "applyClass" | "stop">): Installation {
  const { plane, driver, provisioner, manifests } = running;
  const shipped = manifestOf(manifests, "StorageClass");
  const apply: Installation["apply"] = async (...objects) => {
    await plane.kubectl(["apply", "-f", "-"], objects.join("\n---\n"));
  };
  return {
    ...running,
    apply,
    applyClass: (name, changes) =>
      apply(JSON.stringify({ ...shipped, metadata: { name }, volumeBindingMode: "Immediate", ...changes })),
    async stop(how) {
      if (how.keepLogs) await printLogs([driver.controller, provisioner]);
      await plane.stop(how);
      await driver.stop(how);
    },
  };
}

/** Applies the objects exactly as they are, and sees each of them created: the API server validates them all. */
async function applyObjects(plane: ControlPlane, objects: readonly Manifest[]): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  const output = await plane.kubectl(["apply", "-f", "-"], JSON.stringify(list));
  for (const { kind, metadata } of objects) {
    assert.match(output, new RegExp(`${metadata.name} created`), `${kind} ${metadata.name} was not created`);
  }
}

/** Lets Entra read the cluster's signing keys without signing in, as it does on AKS. */
export async function letEntraReadKeys(plane: ControlPlane): Promise<void> {
  const discovery = "--clusterrole=system:service-account-issuer-discovery";
  await plane.kubectl(["create", "clusterrolebinding", "issuer", discovery, "--group=system:unauthenticated"]);
}

/** Flags of an emulator whose Entra trusts the certificate of this API server. */
export function issuerFlags({ caFile }: ControlPlane): string[] {
  return ["--issuer-ca", caFile];
}

export interface SidecarOptions {
  readonly plane: ControlPlane;
  readonly driver: EmulatedDriver;
  /** Beside those of the Deployment. */
  readonly flags?: Readonly<Record<string, string>> | undefined;
}

/** Starts a sidecar with the flags and the rights that deploy/manifests gives it. */
export async function startSidecar(
  name: "csi-provisioner" | "csi-resizer",
  { plane, driver, flags = {} }: SidecarOptions,
): Promise<Program> {
  const shipped = argumentsOf(manifestOf(await readManifests(), "Deployment"), name);
  const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
  // Many run on this machine at once: none can have the port of the Deployment.
  const own = { "csi-address": driver.socketPath, kubeconfig, "http-endpoint": "" };
  return plane.start(name, withFlags(shipped, { ...own, ...flags }));
}

/** Prints the end of each program's log, for a suite that failed. */
export async function printLogs(programs: readonly Program[]): Promise<void> {
  for (const { name, logFile } of programs) console.log(`${name}:\n${await logTail(logFile, 40)}`);
}

/**
 * To be called in the body of a suite; the answer is whether its set-up or one of its tests has failed, so that `after`
 * knows whether to keep the logs.
 */
export function trackFailures(): () => boolean {
  let isSetUp = false;
  let hasFailed = false;
  beforeEach(() => {
    isSetUp = true; // mocha comes here only when every `before` has passed
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") hasFailed = true;
  });
  return () => hasFailed || !isSetUp;
}
