// Somebody whom RBAC, and nothing else, allows to write PersistentVolumes, as a storage team often may.

/** Flags of kubectl for a member of the team. */
export const SOMEBODY = ["--as=somebody", "--as-group=storage-team", "--as-group=system:authenticated"];

/** The team's rights on these resources, to apply. */
export function storageTeam(...resources: readonly string[]): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: storage-team }
rules:
  - { apiGroups: ["", storage.k8s.io], resources: [${resources.join(", ")}], verbs: [get, create, update, patch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: storage-team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: storage-team }
subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: storage-team }]
`;
}
