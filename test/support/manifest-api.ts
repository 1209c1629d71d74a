// An API server in memory that holds the objects of deploy/manifests, for what `keyless-csi doctor` reads: tests change or remove
// an object. Rights are those of the Roles that it holds.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiException } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import type { ClusterInspection } from "../../src/doctor/ports.ts";
import { inspectionBy } from "../../src/kubernetes/inspection/inspection.ts";
import { type Manifest, readManifests } from "./deployment.ts";
import { repository } from "./sources.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Attributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly name?: string;
}

export interface ManifestApi {
  /** Changed by tests. */
  objects: Manifest[];
  version: string;
  nodes: { readonly name: string; readonly drivers: readonly string[] }[];
  /** Ends of paths that are answered with 403. */
  readonly forbidden: Set<string>;
  /** How many pods of each Deployment are ready; absent: all. */
  ready: number | undefined;
  /** Who is signed in. */
  userName: string;
  /** With the controller in kube-system. */
  readonly inspection: ClusterInspection;
  readonly inspectionIn: (namespace: string) => ClusterInspection;
}

const KINDS: Readonly<Record<string, string>> = {
  deployments: "Deployment",
  daemonsets: "DaemonSet",
  storageclasses: "StorageClass",
  persistentvolumeclaims: "PersistentVolumeClaim",
  persistentvolumes: "PersistentVolume",
  pods: "Pod",
  events: "Event",
  validatingadmissionpolicies: "ValidatingAdmissionPolicy",
  validatingadmissionpolicybindings: "ValidatingAdmissionPolicyBinding",
  mutatingadmissionpolicies: "MutatingAdmissionPolicy",
  mutatingadmissionpolicybindings: "MutatingAdmissionPolicyBinding",
};

/** With the node plugin of deploy/examples/dedicated-node-plugin.yaml on two nodes. */
export async function createManifestApi(): Promise<ManifestApi> {
  const plugin = await readFile(join(repository, "deploy/examples/dedicated-node-plugin.yaml"), "utf8");
  const own = parseAllDocuments(plugin).map((document) => document.toJS() as Manifest);
  const api: State = {
    objects: [...(await readManifests()), ...own],
    version: "v1.37.2",
    nodes: ["a", "b"].map((name) => ({ name, drivers: ["keyless.blob.csi"] })),
    forbidden: new Set(),
    ready: undefined,
    userName: "system:serviceaccount:kube-system:keyless-csi-controller",
  };
  const reads = {
    get: async <T>(path: string) => answer(api, path) as T,
    create: async <T>(path: string, object: T) => review(api, path, object) as T,
  };
  const inspectionIn = (namespace: string) => inspectionBy(reads, namespace);
  return Object.assign(api, { inspectionIn, inspection: inspectionIn("kube-system") });
}

type State = Omit<ManifestApi, "inspection" | "inspectionIn">;

function answer(api: State, path: string): unknown {
  const { version, nodes, objects } = api;
  const [bare = ""] = path.split("?");
  const [before = "", last = ""] = bare.split("/").slice(-2);
  if ([...api.forbidden].some((end) => bare.endsWith(`/${end}`))) throw new ApiException(403, "refused", "", {});
  if (path === "/version") return { gitVersion: version };
  if (last === "csinodes") {
    const items = nodes.map(({ name, drivers }) => ({
      metadata: { name },
      spec: { drivers: drivers.map((driver) => ({ name: driver })) },
    }));
    return { items };
  }
  const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
  if (KINDS[before] !== undefined && before !== "namespaces")
    return one(objects, path, { kind: KINDS[before], name: last });
  const kind = KINDS[last];
  if (kind === undefined) throw new ApiException(404, "refused", "", {});
  const found = objects.filter(
    (each) => each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace),
  );
  return { items: found.map((each) => withStatus(api, each)) };
}

function one(objects: readonly Manifest[], path: string, { kind, name }: { kind: string; name: string }): Manifest {
  const [, namespace] = /\/namespaces\/([^/]+)\//.exec(path) ?? [];
  const found = objects.find(
    (each) => each.kind === kind && each.metadata.name === name && each.metadata.namespace === namespace,
  );
  if (found === undefined) throw new ApiException(404, "refused", "", {});
  return found;
}

function withStatus({ ready }: State, object: Manifest): unknown {
  const { replicas = 1 } = (object["spec"] ?? {}) as { readonly replicas?: number };
  if (object["status"] !== undefined) return object;
  const isReady = { readyReplicas: ready ?? replicas, desiredNumberScheduled: 2, numberReady: 2 };
  return { ...object, status: isReady };
}

function review({ objects, userName }: State, path: string, object: unknown): unknown {
  if (path.endsWith("/selfsubjectreviews")) return { status: { userInfo: { username: userName } } };
  const { spec } = object as { readonly spec: { readonly resourceAttributes: Attributes } };
  const rules = objects
    .filter(({ kind }) => kind === "ClusterRole" || kind === "Role")
    .flatMap((each) => (each["rules"] ?? []) as Rule[]);
  return { status: { allowed: rules.some((rule) => isAllowed(rule, spec.resourceAttributes)) } };
}

function isAllowed(rule: Rule, { group, resource, subresource, verb, name }: Attributes): boolean {
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const { apiGroups, resources, verbs, resourceNames } = rule;
  const isNamed = resourceNames === undefined || (name !== undefined && resourceNames.includes(name));
  return apiGroups.includes(group) && resources.includes(whole) && verbs.includes(verb) && isNamed;
}

/** Sets a member of a copy of an object, by its path. `which` is a kind, or kind and name with a slash between them. */
export function set(api: ManifestApi, which: string, path: string, value: unknown): void {
  const at = api.objects.indexOf(find(api, which));
  const copy = structuredClone(api.objects[at]) as Record<string, unknown> | undefined;
  const members = path.split(".");
  const last = members.pop() ?? "";
  const parent = members.reduce<unknown>(memberOf, copy) as Record<string, unknown>;
  parent[last] = value;
  api.objects = api.objects.with(at, copy as unknown as Manifest);
}

/** A member of an object, by the same. */
export function get<T>(api: ManifestApi, which: string, path: string): T {
  return path.split(".").reduce<unknown>(memberOf, find(api, which)) as T;
}

export function remove(api: ManifestApi, isIt: (object: Manifest) => boolean): void {
  api.objects = api.objects.filter((each) => !isIt(each));
}

function memberOf(value: unknown, member: string): unknown {
  return (value as Record<string, unknown>)[member];
}

function find({ objects }: ManifestApi, which: string): Manifest {
  const [kind, name] = which.split("/");
  const found = objects.find((each) => each.kind === kind && (name ?? each.metadata.name) === each.metadata.name);
  if (found === undefined) throw new Error(`there is no ${which}`);
  return found;
}
