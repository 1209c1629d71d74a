// The objects of deploy/manifests, for the tests that apply them and start the sidecars with the Deployment's flags.
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { repository } from "./sources.ts";

/** A Kubernetes object, as far as tests look at one. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const folder = join(repository, "deploy/manifests");

/** Every object of deploy/manifests, in the order of the files' names. */
export async function readManifests(): Promise<Manifest[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest))
    .filter(Boolean);
}

/** The configuration file that deploy/examples/configuration.yaml holds, with nothing filled in. */
export function shippedConfiguration(): string {
  const text = readFileSync(join(repository, "deploy/examples/configuration.yaml"), "utf8");
  return (parse(text) as { data: Record<"config.yaml", string> }).data["config.yaml"];
}

/** The one object of a kind; an error when there is none or more than one. */
export function manifestOf(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, another] = manifests.filter((manifest) => manifest.kind === kind);
  if (!found || another) throw new Error(`deploy/manifests must hold exactly one ${kind}`);
  return found;
}

interface Container {
  readonly name: string;
  readonly args?: string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

function containerOf(deployment: Manifest, container: string): Container {
  const { template } = deployment["spec"] as { template: { spec: { containers: Container[] } } };
  const found = template.spec.containers.find(({ name }) => name === container);
  if (!found) throw new Error(`the Deployment has no container ${container}`);
  return found;
}

/** The arguments that the Deployment gives to the container of this name. */
export function argumentsOf(deployment: Manifest, container: string): string[] {
  return containerOf(deployment, container).args ?? [];
}

/** The environment that it gives to the container, as `kubectl exec` passes it on. */
export function environmentOf(deployment: Manifest, container: string): Record<string, string> {
  const { env = [] } = containerOf(deployment, container);
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

/** The same arguments with the values of some flags replaced, others added: `{"csi-address": "/tmp/x"}`. */
export function withFlags(args: readonly string[], flags: Readonly<Record<string, string>>): string[] {
  const kept = args.filter((arg) => !Object.keys(flags).some((name) => arg.startsWith(`--${name}=`)));
  return [...kept, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}
