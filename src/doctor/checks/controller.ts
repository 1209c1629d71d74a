/** The controller's own Deployment: whether it runs, with the flags that names depend on and the rights that it needs. */
import { DriverError } from "../../errors.ts";
import { type Check, error, type Finding, ok, outcomeOf, warning } from "../check.ts";
import { clusterOf } from "../cluster.ts";
import { neededClusterRights } from "../cluster-rights.ts";
import type { ClusterRight, DoctorContext, Workload } from "../ports.ts";

const LABEL = "app.kubernetes.io/name";
const NAME = "keyless-csi";

/** The part of a sidecar's image or name by which it is found. */
const PROVISIONER = "csi-provisioner";

async function findController(context: DoctorContext): Promise<Workload | undefined> {
  const cluster = clusterOf(context);
  const found = (await cluster.listDeployments(cluster.namespace)).filter(isOurs);
  return found.find(({ containers }) => containers.some(isProvisioner)) ?? found[0];
}

/** The chart's nameOverride changes the label; the container keeps its name. */
function isOurs({ labels, containers }: Workload): boolean {
  return labels[LABEL] === NAME || containers.some(({ name }) => name === NAME);
}

async function controllerOf(context: DoctorContext): Promise<Workload> {
  const found = await findController(context);
  if (found === undefined) throw new DriverError("Unavailable", "the controller's Deployment has just been deleted");
  return found;
}

function isProvisioner({ name, image }: Workload["containers"][number]): boolean {
  return name === PROVISIONER || image.includes(PROVISIONER);
}

const controller: Check = {
  id: "controller",
  category: "cluster",
  title: "the controller runs",
  why: "Its pods hold the service, csi-provisioner and csi-resizer. Where none is ready, claims wait and volumes are not deleted.",
  needs: ["kubernetes-api"],
  isAfterInstallation: true,
  async run(context) {
    const found = await findController(context);
    const { namespace } = clusterOf(context);
    if (found === undefined) {
      return error(
        `namespace ${namespace} has no Deployment with the label ${LABEL}: ${NAME}`,
        "install it (docs/how-to/install.md), or name its namespace with --namespace",
      );
    }
    const { name, wanted, ready } = found;
    const said = `Deployment ${namespace}/${name}: ${ready} of ${wanted} pods are ready`;
    const look = `kubectl -n ${namespace} describe pods -l ${LABEL}=${NAME}, and its log`;
    if (ready === 0) return error(said, `look for the reason: ${look}`);
    return ready < wanted ? warning(said, `look for the reason: ${look}`) : ok(said);
  },
};

/** csi-provisioner's flags for the names of volumes, with their defaults. */
const NAMING = { "volume-name-prefix": "pvc", "volume-name-uuid-length": "-1" };

const sidecars: Check = {
  id: "sidecar-flags",
  category: "cluster",
  title: "csi-provisioner names volumes as the controller expects",
  why: "A volume is named after its claim's UID, and the claim's name comes with --extra-create-metadata: without either, claims, namespaces and ServiceAccounts cannot be told apart.",
  needs: ["controller"],
  isAfterInstallation: true,
  async run(context) {
    const { containers, name } = await controllerOf(context);
    const provisioner = containers.find(isProvisioner);
    const where = `Deployment ${clusterOf(context).namespace}/${name}`;
    if (provisioner === undefined) {
      return error(`${where} has no container ${PROVISIONER}`, "deploy it as deploy/manifests/controller.yaml has it");
    }
    const flags = readFlags(provisioner.args);
    for (const [flag, expected] of Object.entries(NAMING)) {
      const value = flags.get(flag);
      if (value !== undefined && value !== expected) {
        return error(`${where}: csi-provisioner has --${flag}=${value}`, `remove --${flag}`);
      }
    }
    if (flags.get("extra-create-metadata") !== "true") {
      return error(
        `${where}: csi-provisioner lacks --extra-create-metadata`,
        "add --extra-create-metadata to its arguments",
      );
    }
    return ok(provisioner.image);
  },
};

/** As Go's flag package reads them: one dash or two, a switch alone is true. */
function readFlags(args: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    args.flatMap((arg): [string, string][] => {
      const [, name, , value = "true"] = /^--?([\w-]+)(=(.*))?$/s.exec(arg) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  );
}

const rbac: Check = {
  id: "cluster-rights",
  category: "cluster",
  title: "the controller's ServiceAccount has its rights in the cluster",
  why: "The API server is asked for each right of deploy/manifests/rbac.yaml. A missing one fails claims, deletions or the election of a leader.",
  needs: ["controller"],
  isAfterInstallation: true,
  async run(context) {
    const cluster = clusterOf(context);
    const { serviceAccount: name } = await controllerOf(context);
    const account = { namespace: cluster.namespace, name };
    const needed = neededClusterRights(cluster.namespace, context.settings.driverName);
    const may = await Promise.all(needed.map((right) => cluster.mayDo(account, right)));
    const missing = needed.filter((_, index) => may[index] !== true);
    const findings = byResource(missing).map(
      (words): Finding => ({
        found: `ServiceAccount ${account.namespace}/${name} may not ${words}`,
        fix: "kubectl apply -f deploy/manifests/rbac.yaml, or upgrade the chart's release (rbac.create)",
      }),
    );
    return outcomeOf("error", findings, ok(`${needed.length} rights of ${account.namespace}/${name}`));
  },
};

/** `get, list persistentvolumes`: one text for each resource. */
function byResource(rights: readonly ClusterRight[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const { group, resource, verb, namespace, name } of rights) {
    const object = `${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : ` ${name}`}`;
    const key = `${object}${namespace === undefined ? "" : ` in namespace ${namespace}`}`;
    verbs.set(key, [...(verbs.get(key) ?? []), verb]);
  }
  return [...verbs].map(([object, all]) => `${all.join(", ")} ${object}`);
}

export const CONTROLLER_CHECKS: readonly Check[] = [controller, sidecars, rbac];
