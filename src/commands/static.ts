/**
 * `keyless-csi static`: a PersistentVolume and a claim for a container that exists, or for a second ServiceAccount on a volume of
 * this controller. It looks at everything first and says what it found; YAML for kubectl goes to standard output. It writes
 * nothing to the cluster, and to Azure only a role assignment, on request.
 */
import { choice, pattern, toggle, value } from "../config/kinds.ts";
import { namespacedName } from "../config/object-kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, optional, setting, type ValuesOf } from "../config/setting.ts";
import { containerName, storageAccount } from "../text/azure-names.ts";
import { claim } from "../text/kubernetes-names.ts";
import { UPSTREAM } from "../volume/class/parameter-row.ts";
import { parseAccountId } from "../volume/formats/arm-ids.ts";
import type { AccountRef, Settings } from "../volume/ports.ts";
import { planStatic, type StaticRequest, type Target } from "../volume/static/static-volume.ts";
import { defineCommand, EXIT } from "./command.ts";
import { assembleForOperator, type OperatorRun } from "./operator-run.ts";
import { findOperatorProblems, operatorSettings, toOperatorConfig } from "./operator-settings.ts";
import { toManifest } from "./static/manifest.ts";
import { toReport } from "./static/report.ts";

const STATIC = "Static";
/** What is for one run: nothing that stays behind in an environment or a file may choose it. */
const ONCE = { group: STATIC, onlyFrom: "command line" } as const;

/** By name, or by the ARM id that `az storage account show --query id` prints. */
const account = value<{ readonly name: string } | AccountRef>("NAME|ID", { type: "string" }, (text) => {
  const parsed = parseAccountId(text);
  if (parsed?.rest === "") return { value: parsed.account };
  const read = storageAccount(text);
  return "value" in read ? { value: { name: read.value } } : { ...read, fix: "give its name, or its ARM id" };
});

// Its own first: that is the order of the help.
const settings = {
  "service-account": optional(namespacedName, { ...ONCE, help: "who uses the volume", absent: "required" }),
  "storage-account": optional(account, {
    ...ONCE,
    help: "the account of a container that exists; by its name alone it is looked for in --resource-group",
  }),
  container: optional(pattern("NAME", containerName), { ...ONCE, help: "the container in --storage-account" }),
  volume: optional(pattern("NAME", claim), {
    ...ONCE,
    help: "instead of both: a PersistentVolume of this controller, which a second ServiceAccount is to use too",
  }),
  name: optional(pattern("NAME", claim), {
    ...ONCE,
    help: "name of the claim; the PersistentVolume is called NAMESPACE-NAME",
    absent: "the container's; with --volume its claim's and the ServiceAccount's",
  }),
  "node-mode": optional(choice(["dedicated", "shared"]), {
    ...ONCE,
    help: `which node plugin mounts it: this driver's own, or that of ${UPSTREAM}`,
    absent: "as --node-driver says",
  }),
  "not-keyless-yet": setting(toggle, {
    ...ONCE,
    help: "print it although the account has keys: they are turned off at the end of a migration",
    fallback: "false",
  }),
  assign: setting(toggle, {
    ...ONCE,
    help: "make the role assignment if it is missing; requires --yes",
    fallback: "false",
  }),
  yes: setting(toggle, {
    ...ONCE,
    help: "confirm that the ServiceAccount may read and write the data",
    fallback: "false",
  }),
  ...operatorSettings,
};

export type StaticValues = ValuesOf<typeof settings>;

function findProblems(draft: Draft<typeof settings>, env: NodeJS.ProcessEnv): readonly SettingProblem[] {
  const problems = findOperatorProblems(draft, env);
  const add = (name: string, problem: string) => void problems.push({ setting: name, source: `--${name}`, problem });
  const { storageAccount, container, volume } = draft;
  if (draft.serviceAccount === undefined) add("service-account", "is required: who uses the volume, as NAMESPACE/NAME");
  const isHalf = (storageAccount === undefined) !== (container === undefined);
  if (isHalf) add(container === undefined ? "container" : "storage-account", "is required: they go together");
  if (volume !== undefined && (storageAccount ?? container) !== undefined) {
    add("volume", "stands in for --storage-account and --container: give either");
  }
  if ([volume, storageAccount, container].every((each) => each === undefined)) {
    add("volume", "or --storage-account and --container are required: what the volume is made of");
  }
  if (volume !== undefined && draft.notKeylessYet === true) {
    add("not-keyless-yet", "is for --storage-account: the accounts of volumes are keyless from the start");
  }
  if (draft.assign === true && draft.yes !== true) {
    add("assign", "gives access to data; review what is found without it first, then add --yes");
  }
  if (draft.kubernetes === "off")
    add("kubernetes", "cannot be off: the cluster knows the ServiceAccount and its issuer");
  return problems;
}

export interface StaticContext extends OperatorRun {
  readonly values: Pick<StaticValues, "serviceAccount" | "assign"> & Partial<StaticValues>;
}

/** Reports to `stderr`, prints YAML to `stdout` unless something is wrong, and answers the exit code. */
export async function runStatic(run: StaticContext): Promise<number> {
  const { values, stdout, stderr } = run;
  const { adapters } = await assembleForOperator(run);
  const request = toRequest(values, adapters.settings);
  const { findings, objects } = await planStatic(adapters, request);
  stderr.write(toReport(findings, { request, objects, ownDriver: adapters.settings.driverName }));
  if (objects !== undefined) stdout.write(toManifest(objects));
  return findings.every(({ state }) => state === "ok" || state === "note") ? EXIT.ok : EXIT.findings;
}

function toRequest(values: StaticContext["values"], settings: Settings): StaticRequest {
  const { serviceAccount, name, nodeMode, assign } = values;
  if (serviceAccount === undefined) throw new Error("--service-account is required: findProblems says so");
  const own = settings.nodeDriver === "" ? settings.driverName : settings.nodeDriver;
  const driver = { dedicated: settings.driverName, shared: UPSTREAM };
  return {
    target: toTarget(values, settings),
    serviceAccount: { namespace: serviceAccount.namespace, serviceAccount: serviceAccount.name },
    name,
    driver: nodeMode === undefined ? own : driver[nodeMode],
    assigns: assign,
  };
}

function toTarget(values: StaticContext["values"], settings: Settings): Target {
  const { storageAccount, container = "", volume, notKeylessYet: isMigrating = false } = values;
  if (volume !== undefined) return { volume };
  const { subscriptionId, resourceGroup } = settings;
  const account = { subscriptionId, resourceGroup, name: "", ...storageAccount };
  return { fileSystem: { account, name: container }, isMigrating };
}

export const command = defineCommand({
  settings,
  check: findProblems,
  async run({ values, stdout, stderr }) {
    return await runStatic({ config: toOperatorConfig(values), values, stdout, stderr });
  },
});
