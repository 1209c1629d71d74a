// The chart without a cluster: what it renders is valid for every supported Kubernetes, follows the rules of the field, and is
// refused with a useful message where it cannot work.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { renderManifests } from "../../scripts/render-manifests.ts";
import { checkController } from "../../src/config/controller.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { loadSettings } from "../../src/config/load.ts";
import { argumentsOf, environmentOf, type Manifest, manifestOf } from "../support/deployment.ts";
import { kubernetesVersions, schemaLocation } from "../support/kubernetes-schemas.ts";
import { repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";
import { CONFIGURED, chartFolder, helm, render, renderText, type Values } from "./support/helm.ts";

const run = promisify(execFile);

/** Kinds of the Prometheus operator, whose schemas Kubernetes does not have. */
const OF_OPERATOR = [
  "--api-versions",
  "monitoring.coreos.com/v1/ServiceMonitor,monitoring.coreos.com/v1/PrometheusRule",
];

/** Installations that differ in what is rendered. */
const INSTALLATIONS: Readonly<Record<string, Values>> = {
  "the default": CONFIGURED,
  "nothing optional": {
    ...CONFIGURED,
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    metrics: { enabled: false },
    admissionPolicies: { enabled: false },
    nodePlugin: { mode: "none" },
    storageClasses: [],
  },
  "a configuration of the user's own": { existingConfigMap: "mine", nodePlugin: { mode: "none" } },
  "managed identity, digests and everything else set": {
    ...CONFIGURED,
    config: { ...CONFIGURED.config, credential: "managed-identity", "driver-name": "other.blob.csi" },
    image: { repository: "registry.example.com/keyless-csi", digest: `sha256:${"0a".repeat(32)}` },
    imagePullSecrets: [{ name: "registry" }],
    commonLabels: { team: "storage" },
    controller: {
      replicas: 3,
      logLevel: "debug",
      extraArgs: ["--on-delete=retain"],
      podAnnotations: { a: "b" },
      podLabels: { c: "d" },
      nodeSelector: { pool: "system" },
      tolerations: [{ key: "system", operator: "Exists" }],
      extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
      extraVolumes: [{ name: "ca", configMap: { name: "ca" } }],
      extraVolumeMounts: [{ name: "ca", mountPath: "/ca" }],
    },
    networkPolicy: { metricsFrom: [{ namespaceSelector: {} }], extraEgress: [{ ports: [{ port: 3128 }] }] },
    storageClasses: [
      { name: "a", parameters: { identity: "serviceAccount" } },
      {
        name: "b",
        annotations: { x: "y" },
        mountOptions: ["-o allow_other"],
        reclaimPolicy: "Retain",
        allowVolumeExpansion: false,
      },
    ],
    extraObjects: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-extra" } }],
  },
};
const SHARED: Values = { ...CONFIGURED, nodePlugin: { mode: "shared" } };

/** Why kube-score's rule does not hold here. */
const EXCEPTIONS = {
  "container-image-pull-policy": "a tag names one version, and a node must start without its registry",
  "container-ephemeral-storage-request-and-limit":
    "the file systems are read-only and the socket's folder holds one socket",
};
const EXCEPTIONS_OF_NODE_PLUGIN = {
  ...EXCEPTIONS,
  "container-security-context-privileged": "FUSE, and mounts that the kubelet can see",
  "container-security-context-readonlyrootfilesystem": "blobfuse2 writes its configuration",
  "container-security-context-user-group-id": "it mounts as root",
  "pod-networkpolicy": "on the host's network no policy applies",
};

const withConfig = (config: Values): Values => ({ config: { ...CONFIGURED.config, ...config } });

describe("the chart", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools

  async function withFile<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-chart-"));
    try {
      await writeFile(join(folder, "objects.yaml"), text);
      return await use(join(folder, "objects.yaml"));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it("passes helm lint, strictly", async () => {
    const output = await helm(["lint", "--strict", chartFolder], CONFIGURED);
    assert.match(output, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  it("passes its own unit tests (helm-unittest)", async () => {
    const { stdout } = await run(await toolPath("helm-unittest"), [chartFolder, "--strict", "--color=false"]);
    console.log(stdout.match(/^Tests:.*$/m)?.[0]?.replace(/^/, "      ") ?? stdout);
    assert.match(stdout, /^Tests: +[1-9]\d* passed, [1-9]\d* total/m);
  });

  for (const version of kubernetesVersions) {
    it(`renders objects that are valid for Kubernetes ${version}, strictly (kubeconform)`, async () => {
      const installations = Object.entries(INSTALLATIONS);
      if (version >= "1.36") installations.push(["shared", SHARED]);
      for (const [name, values] of installations) {
        const text = await renderText({ values, kubernetes: version });
        const flags = ["-strict", "-summary", "-output", "json", "-schema-location", await schemaLocation(version)];
        const { stdout } = await withFile(text, async (file) => run(await toolPath("kubeconform"), [...flags, file]));
        const { summary } = JSON.parse(stdout) as { summary: Record<string, number> };
        assert.deepEqual({ ...summary, valid: 0 }, { valid: 0, invalid: 0, errors: 0, skipped: 0 }, name);
        assert((summary["valid"] ?? 0) >= 6, name);
      }
    });
  }

  it("follows kube-score's rules, but for those that are explained", async () => {
    const score = async (objects: readonly Manifest[], exceptions: Readonly<Record<string, string>>) => {
      const flags = ["--ignore-container-cpu-limit", ...Object.keys(exceptions).flatMap((id) => ["--ignore-test", id])];
      const text = objects.map((object) => stringify(object)).join("---\n");
      const args = async (file: string) => ["score", "--output-format", "ci", ...flags, file];
      const { stdout } = await withFile(text, async (file) => run(await toolPath("kube-score"), await args(file)));
      assert.doesNotMatch(stdout, /^\[(CRITICAL|WARNING)\]/m);
      assert.match(stdout, /^\[OK\]/m);
    };
    const objects = await render();
    await score(
      objects.filter(({ kind }) => kind !== "DaemonSet"),
      EXCEPTIONS,
    );
    await score(
      objects.filter(({ kind }) => kind === "DaemonSet"),
      EXCEPTIONS_OF_NODE_PLUGIN,
    );
  });

  it("gives the controller flags and a file that it accepts, with each node plugin", async () => {
    for (const mode of ["dedicated", "shared", "none"]) {
      const objects = await render({ values: { ...CONFIGURED, nodePlugin: { mode } } });
      const data = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "keyless-csi")?.[
        "data"
      ];
      await withFile((data as Record<string, string>)["config.yaml"] ?? "", async (file) => {
        const [, ...flags] = argumentsOf(manifestOf(objects, "Deployment"), "keyless-csi");
        const argv = flags.map((flag) => flag.replace("/etc/keyless-csi/config.yaml", file));
        const env = environmentOf(manifestOf(objects, "Deployment"), "keyless-csi");
        const loaded = loadSettings(controllerSettings, { argv, env }, checkController);
        assert.ok(loaded.ok, JSON.stringify(loaded));
        assert.equal(loaded.values.clusterId, "production-weu");
        assert.equal(loaded.values.nodeDriver, mode === "shared" ? "blob.csi.azure.com" : undefined);
      });
    }
  });

  it("replaces the pods when the configuration changes, and not otherwise", async () => {
    const checksum = async (values: Values) => {
      const { template } = manifestOf(await render({ values }), "Deployment")["spec"] as {
        template: { metadata: { annotations: Record<string, string> } };
      };
      return template.metadata.annotations["checksum/config"];
    };
    const before = await checksum(CONFIGURED);
    assert.match(before ?? "", /^[0-9a-f]{64}$/);
    assert.equal(await checksum({ ...CONFIGURED, podDisruptionBudget: { maxUnavailable: 2 } }), before);
    assert.notEqual(await checksum(withConfig({ "log-level": "debug" })), before);
  });

  it("has monitors and rules only where the API server knows them", async () => {
    const kinds = async (flags: readonly string[]) => {
      const objects = await render({ flags });
      return objects
        .map(({ kind }) => kind)
        .filter((kind) => /Monitor|PrometheusRule/.test(kind))
        .sort();
    };
    assert.deepEqual(await kinds([]), []);
    assert.deepEqual(await kinds(OF_OPERATOR), ["PrometheusRule", "ServiceMonitor"]);
  });

  it("names each object once, grants no wildcard and no secrets, and selects what it labels", async () => {
    const objects = await render({ flags: OF_OPERATOR });
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length);
    const rules = objects.flatMap((object) => (object["rules"] ?? []) as { resources: string[]; verbs: string[] }[]);
    assert(rules.length > 0);
    for (const { resources, verbs } of rules) {
      assert(![...resources, ...verbs].some((word) => word === "*" || word === "secrets"), JSON.stringify(resources));
    }
    const { selector, template } = manifestOf(objects, "Deployment")["spec"] as {
      selector: { matchLabels: object };
      template: { metadata: { labels: object } };
    };
    assert.deepEqual(selector.matchLabels, { "app.kubernetes.io/name": "keyless-csi" }, "cannot be changed later");
    assert.deepEqual({ ...template.metadata.labels, ...selector.matchLabels }, template.metadata.labels);
  });

  it("is of this version", async () => {
    const { version, appVersion } = parse(readFileSync(join(chartFolder, "Chart.yaml"), "utf8")) as Record<
      string,
      string
    >;
    assert.deepEqual([version, appVersion], [manifest.version, manifest.version]);
  });

  it("lists in Chart.yaml the images that it deploys", async () => {
    const { annotations } = parse(readFileSync(join(chartFolder, "Chart.yaml"), "utf8")) as {
      annotations: Record<string, string>;
    };
    const listed = [...(annotations["artifacthub.io/images"] ?? "").matchAll(/image: (\S+)/g)].map(
      ([, image]) => image,
    );
    const deployed = [...(await renderText()).matchAll(/^ +image: (\S+)/gm)].map(([, image]) => image);
    assert.deepEqual(listed.sort(), [...new Set(deployed)].sort());
  });

  const refusals: readonly (readonly [string, Values, RegExp, string?])[] = [
    ["no configuration", {}, /'\/config': missing properties 'cluster-id', 'tenant-id', 'subscription-id'/],
    ["an unknown value", { ...CONFIGURED, controler: {} }, /additional properties 'controler' not allowed/],
    [
      "an unknown setting",
      withConfig({ "cluster-idd": "x" }),
      /'\/config': additional properties 'cluster-idd' not allowed/,
    ],
    [
      "a setting that the chart gives",
      withConfig({ endpoint: "unix:///x" }),
      /additional properties 'endpoint' not allowed/,
    ],
    ["an emulator in production", withConfig({ emulator: true }), /additional properties 'emulator' not allowed/],
    [
      "a wrong type",
      { ...CONFIGURED, controller: { replicas: "two" } },
      /'\/controller\/replicas': got string, want integer/,
    ],
    ["no GUID", withConfig({ "tenant-id": "contoso" }), /'\/config\/tenant-id': 'contoso' does not match pattern/],
    [
      "the GUID of zeros",
      withConfig({ "tenant-id": "00000000-0000-0000-0000-000000000000" }),
      /config\.tenant-id is the GUID of zeros/,
    ],
    [
      "the example's cluster id",
      withConfig({ "cluster-id": "my-cluster" }),
      /config\.cluster-id is my-cluster.*config\.also-owns/,
    ],
    ["an empty cluster id", withConfig({ "cluster-id": "" }), /'\/config\/cluster-id': '' does not match pattern/],
    ["an empty resource group", withConfig({ "resource-group": "" }), /'\/config\/resource-group'/],
    [
      "no identity of the controller",
      { config: { ...CONFIGURED.config, "client-id": undefined } },
      /config\.client-id is missing.*az identity show/,
    ],
    [
      "an unknown mode",
      { ...CONFIGURED, nodePlugin: { mode: "both" } },
      /'\/nodePlugin\/mode': value must be one of 'dedicated', 'shared', 'none'/,
    ],
    [
      "a shared plugin before Kubernetes 1.36",
      SHARED,
      /nodePlugin\.mode shared needs Kubernetes 1\.36.*v1\.35\.0: use nodePlugin\.mode=dedicated/,
      "1.35",
    ],
    [
      "a shared plugin of its own",
      { ...CONFIGURED, nodePlugin: { mode: "shared", sharedDriver: "keyless.blob.csi" } },
      /is this driver itself/,
    ],
    [
      "another CSIDriver than the mode's",
      { ...withConfig({ "node-driver": "x.csi" }), nodePlugin: { mode: "shared" } },
      /config\.node-driver is "x\.csi", but nodePlugin\.mode shared makes it blob\.csi\.azure\.com/,
    ],
    [
      "expansion by a shared plugin",
      { ...SHARED, storageClasses: [{ name: "a", allowVolumeExpansion: true }] },
      /a has allowVolumeExpansion/,
    ],
    [
      "a short time to stop",
      { ...CONFIGURED, controller: { terminationGracePeriodSeconds: 30 } },
      /minimum: got 30, want 60/,
    ],
    [
      "a flag of the chart's own",
      { ...CONFIGURED, controller: { extraArgs: ["--http-endpoint=:9000"] } },
      /controller\.extraArgs: --http-endpoint=:9000 is a flag of the chart's own/,
    ],
    [
      "a flag that other objects depend on",
      { ...CONFIGURED, controller: { extraArgs: ["--driver-name=x.csi"] } },
      /other objects of the chart must agree with --driver-name=x\.csi: set config\.driver-name/,
    ],
    [
      "other names of volumes",
      { ...CONFIGURED, sidecars: { provisioner: { extraArgs: ["--volume-name-prefix=vol"] } } },
      /sidecars\.provisioner\.extraArgs: --volume-name-prefix=vol would change/,
    ],
    [
      "a label that selectors use",
      { ...CONFIGURED, controller: { podLabels: { "app.kubernetes.io/name": "x" } } },
      /controller\.podLabels: app\.kubernetes\.io\/name is a label of the chart's own/,
    ],
    ["no name of the driver", withConfig({ "driver-name": null }), /'\/config': missing property 'driver-name'/],
    [
      "a group that ends a text in CEL",
      { ...CONFIGURED, admissionPolicies: { administratorGroups: ["a'"] } },
      /'\/admissionPolicies\/administratorGroups\/0'.*does not match pattern/,
    ],
    ["a digest that is none", { ...CONFIGURED, image: { digest: "latest" } }, /'\/image\/digest'/],
  ];
  for (const [what, values, message, kubernetes] of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(renderText({ values, ...(kubernetes !== undefined && { kubernetes }) }), { message });
    });
  }

  it("renders deploy/manifests and the examples of both node plugins", async () => {
    for (const [path, text] of await renderManifests()) {
      assert.equal(readFileSync(join(repository, path), "utf8"), text, `${path}: npm run manifests`);
    }
  });
});
