/** Whether a static volume could be mounted, and would keep what pods write: what CreateVolume checks for its volumes. */
import { findClass } from "../class/known-classes.ts";
import type { Dependencies } from "../dependencies.ts";
import { findDriverProblem } from "../node-driver.ts";
import type { Finding } from "./finding.ts";

/** CSI's name for what the claim of a static volume asks for. */
const MODES = ["MULTI_NODE_MULTI_WRITER"];

export interface MountOf {
  /** Name of the CSIDriver object that decides whether the kubelet passes tokens. */
  readonly driver: string;
  readonly mountOptions: readonly string[];
}

/** `--mount-checks` decides here too whether a problem keeps the volume from being made; with `off` nothing is looked at. */
export async function findMountFindings(
  { ports, settings, backend }: Dependencies,
  { driver, mountOptions }: MountOf,
): Promise<readonly Finding[]> {
  if (settings.mountChecks === "off") return [];
  const state = settings.mountChecks === "refuse" ? "wrong" : "note";
  const { volumeClass } = findClass({ identity: "serviceAccount" }, settings, backend);
  const request = { flags: mountOptions, accessModes: MODES, className: undefined, volumeClass };
  const isUnsafe = backend.findMountProblems(request).some(({ isRefused }) => isRefused);
  const unsafe: Finding = {
    state,
    text: "the volume's mountOptions lose data when two pods of a node use it: docs/how-to/node-plugin.md, Mount options",
  };
  const found = await ports.cluster.findCsiDriver(driver, { isFresh: true });
  const problem = findDriverProblem(driver, found, settings);
  return [
    problem === undefined
      ? { state: "ok", text: `CSIDriver ${driver} makes the kubelet pass tokens to the node plugin` }
      : { state, text: problem.message },
    ...(isUnsafe ? [unsafe] : []),
  ];
}
