/**
 * What the controller's ServiceAccount needs in the cluster, csi-provisioner and csi-resizer with it. A test holds this against
 * deploy/manifests/rbac.yaml, which says why.
 */
import type { ClusterRight } from "./ports.ts";

const CORE = "";
const STORAGE = "storage.k8s.io";

interface Rule {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RULES: readonly Rule[] = [
  { group: CORE, resources: ["persistentvolumes"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { group: CORE, resources: ["persistentvolumeclaims"], verbs: ["get", "list", "watch", "update"] },
  { group: CORE, resources: ["persistentvolumeclaims/status"], verbs: ["patch"] },
  { group: CORE, resources: ["pods"], verbs: ["get", "list"] },
  { group: CORE, resources: ["serviceaccounts", "namespaces"], verbs: ["get"] },
  { group: STORAGE, resources: ["storageclasses"], verbs: ["get", "list", "watch"] },
  { group: STORAGE, resources: ["csidrivers"], verbs: ["get"] },
  { group: CORE, resources: ["events"], verbs: ["list", "watch", "create", "update", "patch"] },
];

/** `namespace`: where the controller runs; `driverName` is part of the names of its Leases. */
export function neededClusterRights(namespace: string, driverName: string): readonly ClusterRight[] {
  const sanitized = driverName.replace(/[^a-zA-Z0-9-]/g, "-");
  const leases = [`${driverName}-background`, sanitized, `external-resizer-${sanitized}`];
  const lease = { group: "coordination.k8s.io", resource: "leases", namespace };
  return [
    ...RULES.flatMap(({ group, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
    ),
    ...leases.flatMap((name) => ["get", "update"].map((verb) => ({ ...lease, name, verb }))),
    { ...lease, verb: "create" },
  ];
}
