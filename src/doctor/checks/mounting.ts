/** Whether nodes can mount the volumes: the CSIDriver object that counts, the node plugin, and what leads volumes to it. */
import { DriverError } from "../../errors.ts";
import { UPSTREAM } from "../../volume/class/parameter-row.ts";
import { findDriverProblem, isSharedPlugin } from "../../volume/node-driver.ts";
import type { CsiDriver, Ports } from "../../volume/ports.ts";
import { type Check, error, type Outcome, ok, toFinding, unchecked, warning } from "../check.ts";
import { clusterOf } from "../cluster.ts";
import type { Workload } from "../ports.ts";

/** The first with MutatingAdmissionPolicy on by default (Kubernetes 1.36 release notes). */
const MUTATES_SINCE = 36;
/** The first with ValidatingAdmissionPolicy (Kubernetes 1.30). */
const VALIDATES_SINCE = 30;
/** docs/reference/compatibility.md */
const [OLDEST, NEWEST] = [34, 37];

const NOT_NAMED = "--node-driver is empty: which node plugin mounts the volumes is not known";

const version: Check = {
  id: "kubernetes-version",
  category: "cluster",
  title: "the version of Kubernetes has what the installation needs",
  why: "Admission policies need 1.30; a shared node plugin needs MutatingAdmissionPolicy, which is on by default from 1.36.",
  needs: ["kubernetes-api"],
  async run(context) {
    const found = await clusterOf(context).readVersion();
    const minor = Number(/^v1\.(\d+)/.exec(found)?.[1] ?? Number.NaN);
    if (Number.isNaN(minor)) return unchecked(`${found} is no version of Kubernetes`);
    if (minor < VALIDATES_SINCE)
      return error(`${found} has no admission policies`, "upgrade Kubernetes to 1.34 or later");
    if (isSharedPlugin(context.settings) && minor < MUTATES_SINCE) {
      return error(
        `${found} has no MutatingAdmissionPolicy, which leads volumes to the node plugin of ${context.settings.nodeDriver}`,
        "upgrade Kubernetes to 1.36, or use a node plugin of the driver's own (docs/how-to/node-plugin.md, way A)",
      );
    }
    if (minor < OLDEST)
      return warning(`${found} is older than what is supported`, "upgrade Kubernetes to 1.34 or later");
    return minor > NEWEST ? ok(`${found}, newer than what was tested`) : ok(found);
  },
};

const csiDriver: Check = {
  id: "csi-driver",
  category: "cluster",
  title: "the CSIDriver object gives the node plugin tokens",
  why: "Without tokens the node plugin skips the mount and reports success: the pod then writes to its node's own disk.",
  needs: ["kubernetes-api"],
  isAfterInstallation: true,
  async run({ ports, settings }) {
    const { nodeDriver } = settings;
    if (nodeDriver === "") return unchecked(NOT_NAMED, "name its driver with --node-driver");
    const found = await findDriver(ports, nodeDriver);
    if ("status" in found) return found;
    const problem = findDriverProblem(nodeDriver, found.driver, settings);
    if (problem === undefined) return ok(nodeDriver);
    return { status: "error", findings: [toFinding(problem.message)] };
  },
};

/** A missing right is the finding of cluster-rights. */
async function findDriver(
  { cluster }: Ports,
  name: string,
): Promise<{ readonly driver?: CsiDriver | undefined } | Outcome> {
  try {
    return { driver: await cluster.findCsiDriver(name, { isFresh: true }) };
  } catch (thrown) {
    if (thrown instanceof DriverError && thrown.reason === "Misconfigured") return unchecked(thrown.message);
    throw thrown;
  }
}

const nodePlugin: Check = {
  id: "node-plugin",
  category: "cluster",
  title: "nodes have the node plugin",
  why: "It mounts the volumes. A pod on a node without it stays in ContainerCreating.",
  needs: ["kubernetes-api"],
  isAfterInstallation: true,
  async run(context) {
    const { nodeDriver } = context.settings;
    if (nodeDriver === "") return unchecked(NOT_NAMED, "name its driver with --node-driver");
    const nodes = await clusterOf(context).listNodes();
    const without = nodes.filter(({ drivers }) => !drivers.includes(nodeDriver)).map(({ name }) => name);
    if (nodes.length === 0) return unchecked("the cluster has no nodes");
    const install = "install it (docs/how-to/node-plugin.md), or repair its DaemonSet";
    if (without.length === nodes.length) return error(`no node has driver ${nodeDriver}`, install);
    // Windows and virtual nodes cannot have it.
    const some = `${without.length} of ${nodes.length} nodes lack driver ${nodeDriver}: ${without.slice(0, 3).join(", ")}`;
    return without.length > 0
      ? warning(some, install)
      : ok(`${nodeDriver} on ${nodes.length === 1 ? "1 node" : `${nodes.length} nodes`}`);
  },
};

/** The first whose mounts use the workload's token (blob-csi-driver, release notes). */
const FIRST = [1, 27, 1] as const;

const pluginVersion: Check = {
  id: "node-plugin-version",
  category: "cluster",
  title: "the node plugin is new enough",
  why: "Versions of blob-csi-driver before 1.27.1 do not mount with the workload's own token.",
  needs: ["node-plugin"],
  isAfterInstallation: true,
  async run(context) {
    const cluster = clusterOf(context);
    const namespaces = [...new Set([cluster.namespace, "kube-system"])];
    for (const namespace of namespaces) {
      const found = await cluster.listDaemonSets(namespace);
      const [image] = found.flatMap((each) => imagesOf(each, context.settings.nodeDriver));
      if (image !== undefined) return judgeImage(image);
    }
    return unchecked(
      `no DaemonSet of ${namespaces.join(" and ")} is the node plugin of ${context.settings.nodeDriver}`,
    );
  },
};

function judgeImage(image: string): Outcome {
  const [, ...parts] = /:v?(\d+)\.(\d+)\.(\d+)/.exec(image) ?? [];
  if (parts.length === 0) return unchecked(`image ${image} states no version`);
  const isOld = compare(parts.map(Number), FIRST) < 0;
  return isOld
    ? error(`image ${image} is older than ${FIRST.join(".")}`, "upgrade the node plugin to 1.27.1 or later")
    : ok(image);
}

function imagesOf({ containers }: Workload, driver: string): string[] {
  return containers
    .filter(({ image }) => /(^|\/)blob-csi/.test(image))
    .filter(({ args }) => {
      const named = args.map((arg) => /^--?drivername=(.*)$/.exec(arg)?.[1]).find((each) => each !== undefined);
      return (named ?? UPSTREAM) === driver;
    })
    .map(({ image }) => image);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

const sharedPolicy: Check = {
  id: "node-driver-policy",
  category: "cluster",
  title: "new volumes are led to the node plugin",
  why: "With a shared node plugin a MutatingAdmissionPolicy gives new PersistentVolumes its driver's name. AKS Automatic refuses such a policy: use a node plugin of the driver's own there.",
  needs: ["kubernetes-version"],
  isAfterInstallation: true,
  async run(context) {
    if (!isSharedPlugin(context.settings)) return ok("PersistentVolumes keep the driver's own name");
    const { nodeDriver, driverName } = context.settings;
    const found = await clusterOf(context).listMutatingPolicies();
    const ours = found.find(
      ({ isInForce, text }) => isInForce && text.includes(driverName) && text.includes(nodeDriver),
    );
    if (ours !== undefined) return ok(ours.name);
    return error(
      `no MutatingAdmissionPolicy in force gives PersistentVolumes of ${driverName} the driver name ${nodeDriver}`,
      "apply deploy/examples/shared-node-plugin.yaml, or install the chart with nodePlugin.mode=shared; where AKS Automatic refuses it, " +
        "with nodePlugin.mode=dedicated",
    );
  },
};

export const MOUNTING_CHECKS: readonly Check[] = [version, csiDriver, nodePlugin, pluginVersion, sharedPolicy];
