// Secrets of every kind in every place of an installation, for the test that none of them is in a support bundle.
import { randomBytes } from "node:crypto";
import type { PagingServer } from "./paging-server.ts";

const random = (bytes = 12) => randomBytes(bytes).toString("hex");
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What is planted, each value only once, so that a hit says what leaked from where. */
export interface Canaries {
  /** Where it is -> the secret itself. */
  readonly planted: ReadonlyMap<string, string>;
  /** Of this program's own environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** Each form makes a new secret, as people write it where `place` is. */
function createPlanter() {
  const planted = new Map<string, string>();
  const plant = (place: string, secret: string) => {
    if (planted.has(place)) throw new Error(`${place} is planted twice`);
    planted.set(place, secret);
    return secret;
  };
  return {
    planted,
    plain: (place: string) => plant(place, `canary-${random()}`),
    key: (place: string) => plant(place, randomBytes(64).toString("base64")),
    shortKey: (place: string) => plant(place, randomBytes(32).toString("base64")),
    jwt: (place: string) => plant(place, `eyJ${random()}.eyJ${random(40)}.${random(40)}`),
    signature: (place: string) => plant(place, encodeURIComponent(randomBytes(32).toString("base64"))),
    entra: (place: string) => plant(place, `abc8Q~${randomBytes(24).toString("base64url")}`),
  };
}

const CONTROLLER = { "app.kubernetes.io/name": "keyless-csi" };
const DRIVER = "keyless.blob.csi";

/** An installation with a claim that waits, served by `server`. */
export function plantCanaries(server: PagingServer): Canaries {
  const planter = createPlanter();
  const shared = { password: planter.plain("env DB_PASSWORD"), own: planter.plain("own AZURE_CLIENT_SECRET") };
  plantPods(server, planter, shared.password);
  plantObjects(server, planter);
  plantVolumes(server, planter);
  const texts = { ...logsOf(planter, shared), metrics: metricsOf(planter) };
  const configuration = plantConfiguration(planter);
  const refused = planter.jwt("refusal of the API server");
  server.before = ({ pathname }) => (pathname.endsWith("/networkpolicies") ? 403 : 200);
  server.refusal = () => `networkpolicies is forbidden: User "eve" with token ${refused} cannot list`;
  server.instead = ({ pathname, searchParams }) => {
    if (pathname.endsWith("/log")) return searchParams.has("previous") ? texts.previous : texts.present;
    if (pathname.endsWith("/proxy/metrics")) return texts.metrics;
    return pathname === "/api/v1/namespaces/csi/configmaps/settings" ? configuration : undefined;
  };
  return { planted: planter.planted, env: { AZURE_CLIENT_SECRET: shared.own } };
}

type Planter = ReturnType<typeof createPlanter>;

function plantPods({ lists }: PagingServer, { plain, key, jwt }: Planter, password: string): void {
  const container = {
    name: "keyless-csi",
    image: `https://user:${plain("password of a registry")}@registry.example/keyless-csi:0.2.0`,
    command: ["wrapper", "--password", plain("argument behind a flag")],
    args: [
      "controller",
      `--api-key=${plain("argument of a flag")}`,
      `--extra=AccountKey=${key("connection string in args")}`,
    ],
    env: [
      { name: "DB_PASSWORD", value: password },
      { name: "GREETING", value: plain("env of any name") },
      { name: "KEYLESS_CSI_LOCATION", value: "westeurope" },
      { name: "HTTPS_PROXY", value: `http://user:${plain("password of a proxy")}@proxy:3128` },
    ],
    ports: [{ name: "http", containerPort: 8080 }],
    livenessProbe: { httpGet: { httpHeaders: [{ name: "X-Any", value: plain("header of a probe") }] } },
  };
  const template = {
    metadata: { labels: CONTROLLER, annotations: { "example.com/a": plain("annotation of a pod template") } },
    spec: { containers: [container], volumes: [{ name: "c", configMap: { name: "settings" } }] },
  };
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `{"password":"${plain("last-applied")}"}` };
  const deployment = { name: "keyless-csi-controller", namespace: "csi", labels: CONTROLLER, annotations };
  const pod = { name: "keyless-csi-controller-1", namespace: "csi", uid: "uid-of-pod", labels: CONTROLLER };
  const status = {
    phase: "Running",
    containerStatuses: [
      { name: "keyless-csi", restartCount: 1, lastState: { terminated: { message: `Bearer ${jwt("last message")}` } } },
    ],
  };
  lists.set("/apis/apps/v1/deployments", [{ metadata: deployment, spec: { template } }] as never);
  lists.set("/api/v1/pods", [{ metadata: pod, spec: template.spec, status }] as never);
}

function plantObjects({ lists }: PagingServer, { plain, signature }: Planter): void {
  const parameters = {
    isolation: "pool",
    server: `x.blob.core.windows.net?sv=1&sig=${signature("SAS in a parameter of the class")}`,
    storageAccountKey: plain("unknown parameter of the class"),
  };
  const mountOptions = [`-o password=${plain("mount option")}`];
  const policy = { spec: { validations: [{ message: `ask with secret: ${plain("message of a policy")}` }] } };
  const labels = { note: `sig=${signature("label")}` };
  const named = (name: string) => ({ metadata: { name, labels } });
  lists.set("/apis/storage.k8s.io/v1/storageclasses", [
    { ...named("pooled"), provisioner: DRIVER, parameters, mountOptions },
    { metadata: { name: "of-others" }, provisioner: "other" },
  ] as never);
  lists.set("/apis/storage.k8s.io/v1/csidrivers", [{ ...named(DRIVER), spec: { attachRequired: false } }] as never);
  const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
  lists.set(policies, [{ ...named("keyless-csi-volumes"), ...policy }] as never);
  const lease = { metadata: { name: `${DRIVER}-background`, namespace: "csi" } };
  lists.set("/apis/coordination.k8s.io/v1/leases", [lease] as never);
}

function plantVolumes({ lists }: PagingServer, { plain, jwt, key, signature }: Planter): void {
  const claim = {
    name: "data",
    namespace: "team-a",
    uid: "uid-of-claim",
    annotations: {
      "keyless-csi/service-account": `app ${jwt("annotation of this driver")}`,
      "example.com/note": plain("annotation of a claim"),
    },
  };
  const event = {
    metadata: { name: "data.1", namespace: "team-a" },
    involvedObject: { kind: "PersistentVolumeClaim", uid: "uid-of-claim" },
    type: "Warning",
    message: `failed: Authorization: Basic ${plain("event, header")}\nAccountKey=${key("event, connection string")};x`,
  };
  const volume = {
    metadata: {
      name: "pvc-1",
      uid: "uid-of-volume",
      annotations: { "example.com/b": plain("annotation of a volume") },
    },
    spec: {
      csi: {
        driver: DRIVER,
        volumeHandle: "g#a#c###s",
        volumeAttributes: {
          mountWithWorkloadIdentityToken: "true",
          storageEndpointSuffix: `x?sig=${signature("attribute of a volume")}`,
          "csi.storage.k8s.io/serviceAccount.tokens": `{"api":{"token":"${plain("token among the attributes")}"}}`,
        },
      },
    },
    status: { phase: "Failed", message: `"refresh_token":"${plain("status of a volume")}"` },
  };
  const pending = { spec: { storageClassName: "pooled" }, status: { phase: "Pending" } };
  const ofOthers = { metadata: { name: "theirs", namespace: "team-b", uid: "other", annotations: {} } };
  lists.set("/api/v1/persistentvolumeclaims", [{ metadata: claim, ...pending }, ofOthers] as never);
  lists.set("/api/v1/persistentvolumes", [volume] as never);
  lists.set("/api/v1/events", [event, { ...event, involvedObject: { uid: "other" }, message: "of others" }] as never);
}

function logsOf(planter: Planter, shared: { readonly password: string; readonly own: string }) {
  const { plain, key, shortKey, jwt, signature, entra } = planter;
  const inBase64 = jwt("log, token in base64");
  const present = [
    '{"level":"info","message":"serving","volume":"pvc-1"}',
    `Authorization: Bearer ${jwt("log, bearer header")}`,
    `got https://a.blob.core.windows.net/c?sp=r&sig=${signature("log, SAS")}&se=x`,
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${key("log, connection string")};EndpointSuffix=x`,
    `Endpoint=sb://b/;SharedAccessKeyName=n;SharedAccessKey=${shortKey("log, key of a namespace")}`,
    `a bare key: ${key("log, bare key")}`,
    `a bare key of 32 bytes: ${shortKey("log, bare short key")}`,
    `{"access_token":"${plain("log, JSON token")}","client_secret": "a\\"b ${plain("log, JSON secret")}"}`,
    `escaped {\\"password\\":\\"${plain("log, escaped JSON")}\\"}`,
    `client_secret=${entra("log, form")}&grant_type=x`,
    `the secret is ${entra("log, secret of Entra")}`,
    `password: ${plain("log, YAML")}`,
    `apiKey='${plain("log, quoted")} with words'`,
    `mount -o password=${plain("log, mount option")}`,
    `tool --client-secret ${plain("log, flag")} --verbose`,
    `proxy http://user:${plain("log, URL")}@proxy`,
    `x-ms-encryption-key: ${plain("log, header of a key")}`,
    `Cookie: session=${plain("log, cookie")}; b=${plain("log, second cookie")}`,
    `data: ${base64(inBase64)}`,
    `connecting as app with ${shared.password}`,
    `basic ${base64(shared.password)}`,
    `signing in with ${shared.own}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${plain("log, private key")}\n-----END RSA PRIVATE KEY-----`,
    "the last line",
  ];
  return {
    present: present.map((line) => `2026-11-27T10:00:00Z ${line}\n`).join(""),
    previous: `2026-11-27T09:00:00Z panic: token=${plain("previous log")}\n`,
  };
}

function metricsOf({ signature }: Planter): string {
  return `csi_requests_total{path="/c?sig=${signature("label of a metric")}"} 7\n`;
}

function plantConfiguration({ plain }: Planter): string {
  const lines = [
    `# password of the old one: ${plain("comment of the configuration")}`,
    "location: westeurope",
    `account-key: ${plain("unknown entry of the configuration")}`,
  ];
  const data = { "config.yaml": lines.join("\n"), other: plain("other file of the ConfigMap") };
  return JSON.stringify({ metadata: { name: "settings", namespace: "csi" }, data });
}
