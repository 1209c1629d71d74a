// Two tenants with a ServiceAccount and an identity each, the shipped classes, and storage as read with a
// tenant's own token.
import { read, write } from "../../../src/commands/demo/workload.ts";
import { boundVolume, namespace, serviceAccount, type Volume } from "../../support/cluster-objects.ts";
import type { Manifest } from "../../support/deployment.ts";
import { openVolume } from "../../support/open-volume.ts";
import { readDeployed } from "../../support/sources.ts";
import { CLUSTER_ID, readObjects, type Stage } from "./stage.ts";

/** The account of deploy/examples/existing-account.yaml. */
export const GIVEN_ACCOUNT = "contosodata";

/** Namespace -> index of the identity that its ServiceAccount `app` names. */
const TENANTS = { team: 0, other: 1 } as const;

export async function addTenants({ azure, plane, driver, apply }: Stage): Promise<void> {
  for (const [name, index] of Object.entries(TENANTS)) {
    await azure.trust(index, plane.server, name, "app");
    const clientId = driver.ready.identities[index]?.clientId ?? "";
    await apply(JSON.parse(namespace(name)), JSON.parse(serviceAccount("app", name, clientId)));
  }
  // In the first tenant's namespace, and named by no federated credential.
  await apply(JSON.parse(serviceAccount("stranger", "team", driver.ready.identities[0]?.clientId ?? "")));
}

/** Applies every StorageClass of deploy/ with what an administrator must fill in, and answers their names. */
export async function applyShippedClasses({ azure, driver, apply }: Stage): Promise<string[]> {
  await azure.createAccount(GIVEN_ACCOUNT, CLUSTER_ID);
  const files = readDeployed().map(({ path }) => path);
  const objects = (await Promise.all(files.map(readObjects))).flat();
  const classes = objects.filter((object) => object?.kind === "StorageClass").map((each) => filledIn(each, driver));
  await apply(...classes);
  return classes.map(({ metadata }) => metadata.name);
}

function filledIn(storageClass: Manifest, { ready }: Stage["driver"]): Manifest {
  const parameters = { ...(storageClass["parameters"] as Record<string, string>) };
  if (parameters["clientID"] !== undefined) parameters["clientID"] = ready.identities[0]?.clientId ?? "";
  return { ...storageClass, parameters };
}

/** The volume of a claim, opened with a token of the ServiceAccount as any Azure client would. */
export async function storageOf(stage: Stage, inNamespace: string, claimName: string): Promise<Storage> {
  const volume = await boundVolume(stage.plane, claimName, inNamespace);
  const { plane, driver } = stage;
  const container = openVolume(volume, { plane, ready: driver.ready, namespace: inNamespace, serviceAccount: "app" });
  return {
    volume,
    async read(name) {
      const { status, text, code } = await read(container, name);
      if (text === undefined) throw new Error(`blob ${name}: HTTP ${status} ${code}`);
      return text;
    },
    async write(name, text) {
      const { status, code } = await write(container, name, text);
      if (status !== 201) throw new Error(`blob ${name}: HTTP ${status} ${code}`);
    },
  };
}

export interface Storage {
  readonly volume: Volume;
  /** Text of a blob; rejects with Azure's answer. */
  read(name: string): Promise<string>;
  write(name: string, text: string): Promise<void>;
}
