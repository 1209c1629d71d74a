// The JSON Schema of the chart's values: `config` from the controller's settings table, everything else from values.yaml, where
// the shape follows from the defaults and a description is the comment of its field. What neither can say is in `RULES`.
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { toJsonSchema } from "../../src/config/help.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Settings that the chart gives as flags, since they follow from what it deploys, and what has no place in a cluster. */
const GIVEN_BY_CHART = [
  "endpoint",
  "http-endpoint",
  "token-file",
  "cloud-file",
  "emulator",
  "kubernetes",
  "kubeconfig",
];

/** Settings without which no controller starts. */
const REQUIRED = ["cluster-id", "tenant-id", "subscription-id", "resource-group", "location"];

/** Settings that templates read; values.yaml has their defaults, which `null` would take away. */
const READ_BY_CHART = ["driver-name", "token-audience", "credential"];

const TEXT = { type: "string" };
const TEXTS = { type: "object", additionalProperties: TEXT };
const ANY_MAP = { type: "object" };
const PORT = { type: "integer", minimum: 1, maximum: 65535 };
const AUTO = { enum: ["auto", "true", "false", true, false] };
const GUID = { pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" };

const STORAGE_CLASS = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: { type: "string", pattern: "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" },
    annotations: TEXTS,
    parameters: TEXTS,
    mountOptions: { type: "array", items: TEXT },
    reclaimPolicy: { enum: ["Delete", "Retain"] },
    volumeBindingMode: { enum: ["Immediate", "WaitForFirstConsumer"] },
    allowVolumeExpansion: { type: "boolean" },
  },
};

/** The first rule whose expression matches a field's path replaces what follows from its default. */
const RULES: readonly (readonly [RegExp, Schema])[] = [
  [
    /[Rr]esources$/,
    { type: "object", additionalProperties: false, properties: { requests: ANY_MAP, limits: ANY_MAP } },
  ],
  [/([Ll]abels|[Aa]nnotations|nodeSelector)$/, TEXTS],
  [/\.affinity$/, ANY_MAP],
  [/(serviceMonitor|podMonitor|rules)\.enabled$/, AUTO],
  [/\.digest$/, { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" }],
  [/\.repository$/, { type: "string", minLength: 1 }],
  [/pullPolicy$/, { enum: ["Always", "IfNotPresent", "Never"] }],
  [/logLevel$/, { enum: ["", "error", "warn", "info", "debug"] }],
  [/\.interval$/, { type: "string", pattern: "^([0-9]+(ms|s|m|h))+$" }],
  [/^controller\.replicas$/, { type: "integer", minimum: 1 }],
  // Longer than the controller's own grace period, or calls in flight are cut off.
  [/terminationGracePeriodSeconds$/, { type: "integer", minimum: 60 }],
  [
    /maxUnavailable$/,
    {
      anyOf: [
        { type: "integer", minimum: 1 },
        { type: "string", pattern: "^[0-9]{1,3}%$" },
      ],
    },
  ],
  [/^nodePlugin\.mode$/, { enum: ["dedicated", "shared", "none"] }],
  [/apiServerPorts$/, { type: "array", items: PORT }],
  // They become texts in CEL.
  [/administratorGroups$/, { type: "array", items: { type: "string", pattern: "^[^'\\\\]+$" } }],
  [/(extraArgs|mountOptions)$/, { type: "array", items: TEXT }],
  [
    /(tolerations|topologySpreadConstraints|extraEnv|extraVolumes|extraVolumeMounts|imagePullSecrets|metricsFrom|extraEgress)$/,
    {
      type: "array",
      items: ANY_MAP,
    },
  ],
  [/^storageClasses$/, { type: "array", items: STORAGE_CLASS }],
  [/^extraObjects$/, { type: "array", items: ANY_MAP }],
];

/** One field of values.yaml that people set, for the table of the chart's README. */
export interface ValueField {
  /** `controller.replicas` */
  readonly path: string;
  /** As JSON. */
  readonly fallback: string;
  /** Its comment, or that of what it is in. */
  readonly meaning: string;
}

/** The schema of values.yaml. */
export function toValuesSchema(values: string): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Values of the chart keyless-csi",
    ...toSchema(contentsOf(values), ""),
    // The chart's own configuration must be whole; a ConfigMap of the user's own is checked by the controller alone.
    if: { properties: { existingConfigMap: { const: "" } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { config: { required: REQUIRED } } },
  };
}

/** Every field that has no fields of its own. */
export function toFields(values: string): readonly ValueField[] {
  return fieldsOf(contentsOf(values), "", "");
}

function contentsOf(values: string): YAMLMap<Node, Node> {
  const { contents } = parseDocument(values);
  if (!isMap<Node, Node>(contents)) throw new Error("values.yaml is no map");
  return contents;
}

function toSchema(map: YAMLMap<Node, Node>, path: string): Schema {
  const properties = map.items.map((pair) => [nameOf(pair), toProperty(pair, join(path, nameOf(pair)), map)] as const);
  // `global` is what Helm gives every chart that another one contains.
  const all = path === "" ? [...properties, ["global", ANY_MAP] as const] : properties;
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(all) };
}

function toProperty(pair: Pair<Node, Node | null>, path: string, map: YAMLMap<Node, Node>): Schema {
  const description = commentOf(pair, map);
  const described = description === "" ? {} : { description };
  if (path === "config") return { ...described, ...configurationSchema() };
  const rule = RULES.find(([expression]) => expression.test(path));
  if (rule) return { ...described, ...rule[1] };
  const { value } = pair;
  if (isMap<Node, Node>(value)) return { ...described, ...toSchema(value, path) };
  if (isSeq(value) || !isScalar(value))
    throw new Error(`values.yaml: ${path} needs a rule in scripts/chart/values-schema.ts`);
  return { ...described, type: typeof value.value };
}

/** The controller's own schema without what the chart gives. Placeholders are refused in templates/_checks.tpl, with the fix. */
function configurationSchema(): Schema {
  const { properties } = toJsonSchema(controllerSettings, "") as { readonly properties: Record<string, Schema> };
  const kept = Object.entries(properties).filter(([name]) => !GIVEN_BY_CHART.includes(name));
  return {
    type: "object",
    additionalProperties: false,
    required: READ_BY_CHART,
    properties: Object.fromEntries(kept.map(([name, schema]) => [name, strict(schema)])),
  };
}

function strict(schema: Schema): Schema {
  return schema["format"] === "uuid" ? { ...schema, ...GUID } : withoutLookahead(schema);
}

/** Helm's validator is in Go, whose expressions cannot look ahead: our one such expression states a length. */
function withoutLookahead(schema: Schema): Schema {
  const [, maxLength, rest] = /^\^\(\?=\.\{1,(\d+)\}\$\)(.*)$/.exec(String(schema["pattern"] ?? "")) ?? [];
  return rest === undefined ? schema : { ...schema, pattern: `^${rest}`, maxLength: Number(maxLength) };
}

function fieldsOf(map: YAMLMap<Node, Node>, path: string, about: string): readonly ValueField[] {
  return map.items.flatMap((pair) => {
    const own = join(path, nameOf(pair));
    const meaning = commentOf(pair, map) || about;
    const { value } = pair;
    const isGroup = isMap<Node, Node>(value) && value.items.length > 0 && own !== "config" && !isRuled(own);
    return isGroup ? fieldsOf(value, own, meaning) : [{ path: own, fallback: JSON.stringify(value), meaning }];
  });
}

const isRuled = (path: string) => RULES.some(([expression]) => expression.test(path));
const join = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);
const nameOf = ({ key }: Pair<Node, Node | null>) => String(isScalar(key) ? key.value : key);

/** The comment before a field; that of a map's first field is the map's own in this library. */
function commentOf({ key }: Pair<Node, Node | null>, map: YAMLMap<Node, Node>): string {
  const isFirst = map.items[0]?.key === key;
  const text = key.commentBefore ?? (isFirst ? map.commentBefore : undefined) ?? "";
  return text.trim().replaceAll(/\n */g, " ");
}
