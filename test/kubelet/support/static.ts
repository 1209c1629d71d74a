// A pod on the volume that `keyless-csi static` prints for a container which others have made.
import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { staticOf } from "../../support/static-command.ts";
import { NOT_ROOT, pod, remove, running, shell } from "./pods.ts";
import { CLUSTER_ID, type Stage, type StageOptions } from "./stage.ts";
import { GIVEN_ACCOUNT, storageOf } from "./tenants.ts";

/** Writes a file as a pod of `team`, finds it in the container, and removes claim and volume: the container stays. */
export async function useStaticVolume(stage: Stage, nodeDriver: StageOptions["nodeDriver"]): Promise<void> {
  const { plane, driver, azure } = stage;
  await azure.createContainer(GIVEN_ACCOUNT, "reports");
  const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
  const target = ["--storage-account", GIVEN_ACCOUNT, "--container", "reports", "--service-account", "team/app"];
  const flags = [...target, "--assign", "--yes", "--node-driver", nodeDriver];
  const { code, stdout, stderr } = await staticOf({ driver, kubeconfig }, CLUSTER_ID, flags);
  assert.equal(code, 0, stderr);
  const objects = parseAllDocuments(stdout).map((each) => each.toJS() as object);
  await stage.apply(
    ...objects,
    pod({ name: "reports", namespace: "team", claim: "reports", securityContext: NOT_ROOT }),
  );
  await running(stage, "team", "reports");
  await shell(stage, "team", "reports", "echo by a static volume > /data/hello && sync /data/hello");
  const { volume, read } = await storageOf(stage, "team", "reports");
  assert.equal(volume.spec.csi.driver, nodeDriver);
  assert.equal(await read("hello"), "by a static volume\n");
  await remove(stage, "team", "reports");
  await plane.kubectl(["delete", "pvc", "reports", "--namespace=team", "--wait"]);
  await plane.kubectl(["delete", "pv", volume.metadata.name, "--wait"]);
  const { containers, roleAssignments } = await driver.admin.state();
  assert(containers.some(({ account, name }) => account === GIVEN_ACCOUNT && name === "reports"));
  // What nothing but an administrator takes away again.
  const assigned = roleAssignments.filter(({ scope }) => scope.endsWith("/containers/reports"));
  assert.equal(assigned.length, 1);
  for (const { scope, name } of assigned) await azure.removeRoleAssignment(scope, name);
  await azure.removeContainer(GIVEN_ACCOUNT, "reports");
}
