/** Whether the admission policies of the installation are in force. */
import { type Check, type Finding, ok, outcomeOf } from "../check.ts";
import { clusterOf } from "../cluster.ts";

/** By the end of their names, whose beginning the chart's `fullnameOverride` changes: what is open without it. */
const POLICIES = {
  "-volumes": "anyone who may create PersistentVolumes can make one that leads to another tenant's container",
  "-inline-volumes": "a pod with an inline volume chooses which token file is written on its node",
  "-classes": "a class can hand a secret to the driver",
  "-node-driver": "a CSIDriver object without tokens is accepted, and pods then write to their node's own disk",
} as const;

const admission: Check = {
  id: "admission-policies",
  category: "cluster",
  title: "the admission policies are in force",
  why: "They keep tenants from creating PersistentVolumes of this driver, inline volumes and classes with secrets, and a CSIDriver object from losing its tokens.",
  needs: ["kubernetes-version"],
  isAfterInstallation: true,
  async run(context) {
    const { driverName } = context.settings;
    const found = (await clusterOf(context).listValidatingPolicies()).filter(({ text }) => text.includes(driverName));
    const inForce = found.filter(({ isInForce }) => isInForce).map(({ name }) => endOf(name));
    const missing = Object.entries(POLICIES).filter(([end]) => !inForce.includes(end));
    const findings = missing.map(
      ([end, open]): Finding => ({
        found: `no policy …${end} of ${driverName} is in force: ${open}`,
        fix:
          "apply deploy/manifests/admission-policy.yaml and node-driver-policy.yaml, or upgrade the chart's release " +
          "(admissionPolicies.enabled)",
      }),
    );
    return outcomeOf("error", findings, ok(found.map(({ name }) => name).join(", ")));
  },
};

/** The longest of the ends: `-inline-volumes` ends with `-volumes` too. */
function endOf(name: string): string | undefined {
  const ends = Object.keys(POLICIES).filter((end) => name.endsWith(end));
  return ends.toSorted((one, other) => other.length - one.length)[0];
}

export const ADMISSION_CHECKS: readonly Check[] = [admission];
