// The promises of deploy/manifests, checked by reading it; test/cluster applies the same files to a real API server.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { checkController } from "../../src/config/controller.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { loadSettings } from "../../src/config/load.ts";
import { readSettingsFile } from "../../src/config/sources.ts";
import {
  argumentsOf,
  environmentOf,
  type Manifest,
  manifestOf,
  readManifests,
  shippedConfiguration,
} from "../support/deployment.ts";
import { kubernetesVersions } from "../support/kubernetes-schemas.ts";
import { readDeployed, readSources, repository } from "../support/sources.ts";
import { SUBSCRIPTION } from "../support/volume-settings.ts";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly resources: { readonly limits?: { readonly memory?: string } };
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext: unknown;
  readonly terminationGracePeriodSeconds: number;
  readonly volumes: readonly { readonly name: string; readonly projected?: { readonly sources: readonly unknown[] } }[];
  readonly [field: string]: unknown;
}

describe("deploy/manifests", () => {
  let manifests: readonly Manifest[];
  let pod: PodSpec;
  before(async () => {
    manifests = await readManifests();
    pod = (manifestOf(manifests, "Deployment")["spec"] as { template: { spec: PodSpec } }).template.spec;
  });

  it("runs pods that meet the restricted Pod Security Standard", () => {
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const field of ["hostNetwork", "hostPID", "hostIPC", "hostUsers"]) assert.equal(pod[field], undefined, field);
    for (const { name, securityContext, resources } of pod.containers) {
      const confined = {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      };
      assert.deepEqual(securityContext, confined, name);
      assert.ok(resources.limits?.memory, name);
    }
  });

  it("runs the image of this version", () => {
    assert.equal(pod.containers[0]?.image, `keyless-csi:${manifest.version}`);
  });

  it("ships the sidecars that the suites run, and names them so in README", () => {
    const built = readFileSync(join(repository, "test/tools/sidecars/go.mod"), "utf8");
    const module = /github\.com\/kubernetes-csi\/external-(\w+)\/v\d+ (v\S+)/g;
    const images = [...built.matchAll(module)].map(([, name, version]) => `csi-${name}:${version}`);
    const shipped = pod.containers
      .map(({ image }) => image.replace(/^.*\//, ""))
      .filter((image) => /^csi-/.test(image));
    assert.equal(shipped.length, 2);
    assert.deepEqual(shipped.sort(), images.sort());
    const [, provisioner] = /csi-provisioner:v(\d+\.\d+)/.exec(shipped.join()) ?? [];
    assert.ok(readFileSync(join(repository, "README.md"), "utf8").includes(`csi-provisioner ${provisioner}.`));
  });

  it("supports the versions of Kubernetes that the chart is checked for, of which the suites run the newest", () => {
    const [, newest] = /k8s\.io\/kubernetes v(\d+\.\d+)/.exec(
      readFileSync(join(repository, "test/tools/cluster/go.mod"), "utf8"),
    ) ?? [""];
    assert.equal(kubernetesVersions.at(-1), newest);
    const chart = readFileSync(join(repository, "deploy/helm/keyless-csi/Chart.yaml"), "utf8");
    assert.equal((parse(chart) as { kubeVersion: string }).kubeVersion, `>=${kubernetesVersions[0]}.0-0`);
  });

  it("lets only the keyless-csi container read the token that signs in to Azure", () => {
    const readers = pod.containers.filter(({ volumeMounts }) =>
      volumeMounts.some(({ name }) => name === "azure-token"),
    );
    assert.deepEqual(
      readers.map(({ name }) => name),
      ["keyless-csi"],
    );
    const token = pod.volumes.find(({ name }) => name === "azure-token")?.projected?.sources[0];
    const expected = { path: "token", audience: "api://AzureADTokenExchange", expirationSeconds: 3600 };
    assert.deepEqual(token, { serviceAccountToken: expected });
  });

  it("gives the controller flags and a file that it accepts, and more time to stop than its grace period", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-manifests-"));
    try {
      const path = join(folder, "config.yaml");
      const shipped = shippedConfiguration();
      await writeFile(
        path,
        shipped.replaceAll(/^(cluster|tenant|subscription|client)-id: ""/gm, `$1-id: ${SUBSCRIPTION}`),
      );
      const [command, ...flags] = argumentsOf(manifestOf(manifests, "Deployment"), "keyless-csi");
      assert.equal(command, "controller");
      const argv = flags.map((flag) => flag.replace("/etc/keyless-csi/config.yaml", path));
      const env = environmentOf(manifestOf(manifests, "Deployment"), "keyless-csi");
      const loaded = loadSettings(controllerSettings, { argv, env }, checkController);
      assert.ok(loaded.ok, JSON.stringify(loaded));
      assert.ok(pod.terminationGracePeriodSeconds * 1000 > loaded.values.gracePeriod);
      const mount = pod.containers[0]?.volumeMounts.find(({ name }) => name === "azure-token");
      assert.equal(loaded.values.tokenFile, `${mount?.mountPath}/token`);
      assert.equal(readSettingsFile(controllerSettings, path).problems.length, 0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("names no cluster and no id that somebody could forget to replace: the controller asks for each", async () => {
    const { text } = readSources("deploy/examples", "configuration.yaml")[0] ?? assert.fail("no configuration");
    assert.doesNotMatch(
      readDeployed()
        .map((each) => each.text)
        .join("\n"),
      /my-cluster|0{8}-0{4}-0{4}/,
    );
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-manifests-"));
    try {
      const path = join(folder, "config.yaml");
      await writeFile(path, shippedConfiguration());
      const loaded = loadSettings(controllerSettings, { argv: ["--config", path], env: {} }, checkController);
      const missing = loaded.ok ? [] : loaded.problems.map(({ setting }) => setting);
      assert.deepEqual(missing, ["cluster-id", "subscription-id", "tenant-id"]);
      assert.match(text, /client-id: "" # az identity show/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("gives csi-provisioner the flags that our guarantees depend on", () => {
    const flags = argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner");
    const needed = ["--extra-create-metadata", "--timeout=120s", "--retry-interval-max=1m", "--leader-election"];
    for (const flag of [...needed, "--kube-api-qps=100", "--kube-api-burst=200"]) assert.ok(flags.includes(flag), flag);
    assert.ok(!flags.some((flag) => flag.startsWith("--volume-name-")), "names are pvc-<uid>");
  });

  it("holds no live configuration that applying it again would replace", () => {
    assert.deepEqual(
      manifests.filter(({ kind }) => kind === "ConfigMap" || kind === "Secret"),
      [],
    );
  });

  it("is what deploy/kustomization.yaml lists", () => {
    const kustomization = readFileSync(join(repository, "deploy/kustomization.yaml"), "utf8");
    const { resources } = parse(kustomization) as { resources: string[] };
    const files = readdirSync(join(repository, "deploy/manifests"));
    assert.deepEqual(
      resources,
      files.sort().map((file) => `manifests/${file}`),
    );
  });

  it("describes the driver to the kubelet as the node plugin needs it", () => {
    assert.deepEqual(manifestOf(manifests, "CSIDriver")["spec"], {
      attachRequired: false,
      podInfoOnMount: true,
      requiresRepublish: true,
      fsGroupPolicy: "ReadWriteOnceWithFSType",
      storageCapacity: false,
      volumeLifecycleModes: ["Persistent"],
      tokenRequests: [{ audience: "api://AzureADTokenExchange", expirationSeconds: 3600 }],
    });
  });

  it("names one driver in CSIDriver, StorageClass and configuration", () => {
    const fallback = controllerSettings["driver-name"].fallback;
    assert.equal(manifestOf(manifests, "CSIDriver").metadata.name, fallback);
    assert.equal(manifestOf(manifests, "StorageClass")["provisioner"], fallback);
  });

  it("lets the controller read CSIDriver objects and write events, and its policy requires the same audience", () => {
    const role = manifests.find(
      ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "keyless-csi-controller",
    );
    const rules = role?.["rules"] as { resources: string[]; verbs: string[] }[];
    const verbsOf = (resource: string) =>
      rules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs);
    assert.deepEqual(verbsOf("csidrivers"), ["get"]);
    assert.ok(verbsOf("events").includes("create"));
    assert.ok(verbsOf("persistentvolumes").includes("list"));
    const policy = manifests.find(({ metadata }) => metadata.name === "keyless-csi-node-driver");
    const { tokenRequests } = manifestOf(manifests, "CSIDriver")["spec"] as { tokenRequests: { audience: string }[] };
    assert.ok(JSON.stringify(policy).includes(`'${tokenRequests[0]?.audience}'`));
  });

  it("lets the pod hold its own three Leases, in its own namespace alone, and nobody else's", () => {
    const roles = manifests.filter(
      ({ kind, metadata }) => kind === "Role" && metadata.name === "keyless-csi-controller",
    );
    const { metadata, ...role } = manifestOf(roles, "Role");
    assert.equal(metadata.namespace, manifestOf(manifests, "Deployment").metadata.namespace);
    const driver = "keyless.blob.csi";
    const sanitized = driver.replaceAll(".", "-"); // as csi-lib-utils does
    const leases = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
    assert.deepEqual(role["rules"], [
      {
        ...leases,
        resourceNames: [`${driver}-background`, sanitized, `external-resizer-${sanitized}`],
        verbs: ["get", "update"],
      },
      { ...leases, verbs: ["create"] },
    ]);
  });

  it("grants no secrets, no tokens, only reads of pods, ServiceAccounts and namespaces, and no wildcard", () => {
    const rules = manifests
      .filter(({ kind }) => kind === "ClusterRole" || kind === "Role")
      .flatMap((role) => role["rules"] as { resources: string[]; verbs: string[]; apiGroups: string[] }[]);
    assert.ok(rules.length > 0);
    for (const { resources, verbs, apiGroups } of rules) {
      for (const word of [...resources, ...verbs, ...apiGroups]) assert.notEqual(word, "*");
      for (const secret of ["secrets", "serviceaccounts/token", "configmaps"]) assert.ok(!resources.includes(secret));
      if (!resources.some((each) => ["pods", "serviceaccounts", "namespaces"].includes(each))) continue;
      assert.ok(
        verbs.every((verb) => verb === "get" || verb === "list"),
        `${resources.join()}: ${verbs.join()}`,
      );
    }
  });
});
