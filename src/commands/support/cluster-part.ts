/** The cluster's part of the bundle: versions, objects, the controller's own configuration file, logs and metrics of its pods. */
import type { Api } from "../../kubernetes/api.ts";
import type { Attempt } from "../../kubernetes/inspection/attempt.ts";
import { readMountedFiles } from "../../kubernetes/inspection/config-maps.ts";
import { type LogLimits, readLog } from "../../kubernetes/inspection/logs.ts";
import {
  type ClusterObjects,
  type InstallationNames,
  type KubernetesObject,
  type Objects,
  podsOf,
  readObjects,
} from "../../kubernetes/inspection/objects.ts";
import { readMetrics } from "../../kubernetes/inspection/pod-metrics.ts";
import { isTroubled, logsOf, metricsPortsOf } from "../../kubernetes/inspection/pods.ts";
import { readVersions } from "../../kubernetes/inspection/versions.ts";
import { createListOpener } from "../../kubernetes/pages.ts";
import type { Bundle } from "./bundle.ts";
import { toMounted } from "./configuration.ts";
import { keepObject } from "./kept-objects.ts";

export interface ClusterOptions {
  readonly names: InstallationNames;
  readonly limits: LogLimits;
  /** What is being read, for a person who waits. Throws when nobody does any more. */
  readonly progress: (what: string) => void;
}

/** A node plugin has a pod on every node: of so many the logs are in the bundle, those in trouble first. */
const NODE_PLUGIN_PODS = 5;

/** Objects first: what is withheld of them is then removed from everything else. Answers the controller's namespace if it was found. */
export async function addCluster(
  bundle: Bundle,
  api: Api,
  { names, limits, progress }: ClusterOptions,
): Promise<string | undefined> {
  const openList = createListOpener(api);
  progress("objects");
  const objects = await readObjects(openList, names);
  await addObjects(bundle, objects);
  await bundle.json("cluster-versions.json", { value: await readVersions(api, openList) });
  const namespace = await addControllerConfiguration(bundle, api, objects);
  const controllers = podsOf(objects, "controller");
  for (const pod of controllers) await addMetrics(bundle, api, pod, progress);
  const others = podsOf(objects, "node plugin");
  const plugins = [...others.filter(isTroubled), ...others.filter((pod) => !isTroubled(pod))];
  for (const pod of [...controllers, ...plugins.slice(0, NODE_PLUGIN_PODS)]) {
    for (const log of logsOf(pod)) {
      progress(`log of ${log.name}, ${log.container}${log.isPrevious ? ", before its restart" : ""}`);
      const file = `logs/${log.name}/${log.container}${log.isPrevious ? ".previous" : ""}.log`;
      await bundle.text(file, await readLog(api, log, limits));
    }
  }
  if (controllers.length === 0) await bundle.text("logs and metrics", { why: whyNoPods(objects) });
  return namespace;
}

/** The namespace of the first controller's Deployment. */
async function addControllerConfiguration(
  bundle: Bundle,
  api: Api,
  objects: ClusterObjects,
): Promise<string | undefined> {
  const deployments = objects.get("deployments");
  if (deployments === undefined || "why" in deployments) return undefined;
  const mounted = await Promise.all(deployments.value.objects.map((each) => readMountedFiles(api, each)));
  await bundle.json("controller-configuration.json", { value: mounted.flat().map(toMounted) });
  return deployments.value.objects[0]?.metadata?.namespace;
}

async function addObjects({ json, redactor }: Bundle, objects: ClusterObjects): Promise<void> {
  const kept = [...objects].map(([name, found]) => [name, keepAll(found, redactor.withhold)] as const);
  for (const [name, { content, note }] of kept) await json(`objects/${name}.json`, content, note);
}

function keepAll(found: Attempt<Objects>, withhold: Bundle["redactor"]["withhold"]) {
  if ("why" in found) return { content: found, note: "" };
  const { objects, count, only } = found.value;
  const counted = count === 1 ? "1 object" : `${count} objects`;
  const note = count > objects.length ? `${objects.length} of ${counted}` : counted;
  const where = only === undefined ? "" : `, ${only} alone`;
  return { content: { value: objects.map((each) => keepObject(each, withhold)) }, note: `${note}${where}` };
}

async function addMetrics(
  bundle: Bundle,
  api: Api,
  pod: KubernetesObject,
  progress: ClusterOptions["progress"],
): Promise<void> {
  for (const port of metricsPortsOf(pod)) {
    progress(`metrics of ${port.name}, ${port.portName}`);
    await bundle.text(`metrics/${port.name}/${port.portName}.txt`, await readMetrics(api, port));
  }
}

function whyNoPods(objects: ClusterObjects): string {
  const pods = objects.get("pods");
  if (pods !== undefined && "why" in pods) return pods.why;
  return "no pod has the label app.kubernetes.io/name=keyless-csi";
}
