/**
 * What is wrong with the CSIDriver object that tells the kubelet how to mount our volumes. Without tokens the OSS node
 * plugin skips the mount and reports nothing: the pod then runs on the node's own disk. Pure rules, for `mount-checks.ts`.
 */
import type { MountProblem } from "../backend/backend.ts";
import type { CsiDriver, Settings } from "./ports.ts";

/** How long a token is valid, where an audience has to be added. */
const TOKEN_SECONDS = 3600;

/**
 * Undefined when the kubelet hands the plugin tokens of the audience that credentials have. No `driver`: there is no such object. One of another name than
 * our own is AKS's or Helm's, or another plugin's: its owners alone may replace it.
 */
export function findDriverProblem(
  name: string,
  driver: CsiDriver | undefined,
  { driverName: ownName, tokenAudience: audience }: Pick<Settings, "driverName" | "tokenAudience">,
): MountProblem | undefined {
  const isOurs = name === ownName;
  if (driver === undefined) {
    return problem(`CSIDriver ${name} does not exist`, NO_ATTACHER, isOurs ? applied(name) : `${FOREIGN}, ${OTHER}`);
  }
  const lacking = lackingTokens(driver, audience);
  if (lacking.length > 0) {
    const fix = `${patchOf(name, driver, audience)}. If AKS or a Helm chart manages this object, change it there`;
    const later = driver.hasTokensInSecrets ? ". If your plugin reads tokens from secrets: --mount-checks=warn" : "";
    return problem(`CSIDriver ${name}: ${lacking.join("; ")}`, effectOf(driver, audience), `${fix}${later}`);
  }
  const fixed = [
    ...(driver.isAttachRequired ? ["attachRequired is not false, and there is no attacher"] : []),
    ...(driver.isPersistent ? [] : ["volumeLifecycleModes lacks Persistent"]),
  ];
  return fixed.length > 0
    ? problem(
        `CSIDriver ${name}: ${fixed.join("; ")}`,
        "pods would wait forever",
        isOurs ? FIXED : `${FOREIGN}; these fields are immutable`,
      )
    : undefined;
}

/** Whether volumes are mounted by a node plugin that other drivers' volumes have too (docs/how-to/node-plugin.md, way B). */
export function isSharedPlugin({ nodeDriver, driverName }: Pick<Settings, "nodeDriver" | "driverName">): boolean {
  return nodeDriver !== "" && nodeDriver !== driverName;
}

const ON_NODE_DISK =
  "without a token the node plugin skips the mount and reports success: the pod runs on the node's own disk, and its data never " +
  "reaches Azure";
/** Without the object the kubelet takes the API's default: a volume must be attached first (csi_plugin.go, skipAttach). */
const NO_ATTACHER = "pods would wait forever for an attacher, and the node plugin would get no token";
const OTHER = "or set --node-driver to the driver name of the node plugin in use";
const FOREIGN = "install or repair the node plugin that the object belongs to (on AKS the add-on, else its Helm chart)";
const FIXED =
  "these fields are immutable: delete the object and apply deploy/manifests/csidriver.yaml while no pod with such a volume starts";

/** What makes our own object: the manifest has the default name. */
function applied(name: string): string {
  const rename = name === "keyless.blob.csi" ? "" : ` with metadata.name: ${name}`;
  return `kubectl apply -f deploy/manifests/csidriver.yaml${rename}, ${OTHER}`;
}

function problem(what: string, effect: string, fix: string): MountProblem {
  return { kind: "NodeDriver", isRefused: true, message: `${what}: ${effect}. Fix: ${fix}` };
}

function lackingTokens(driver: CsiDriver, audience: string): string[] {
  const lacking: string[] = [];
  if (!hasAudience(driver, audience)) lacking.push(`tokenRequests lacks audience ${audience}`);
  if (!driver.isRepublished) lacking.push("requiresRepublish is not true");
  if (driver.hasTokensInSecrets)
    lacking.push("serviceAccountTokenInSecrets is true, which plugins up to v1.27 do not read");
  return lacking;
}

/** The worst that follows. A plugin that is handed tokens for other audiences only refuses the mount. */
function effectOf(driver: CsiDriver, audience: string): string {
  if (driver.tokenRequests.length === 0 || driver.hasTokensInSecrets) return ON_NODE_DISK;
  if (!hasAudience(driver, audience)) return "every mount would fail";
  return "the token would never be renewed, and the volume would stop working when it expires";
}

function hasAudience({ tokenRequests }: CsiDriver, audience: string): boolean {
  return tokenRequests.some((request) => request.audience === audience);
}

/** A merge patch replaces a list as a whole, so the audiences of others are in it. */
function patchOf(name: string, driver: CsiDriver, audience: string): string {
  const wanted = { audience, expirationSeconds: TOKEN_SECONDS };
  const spec = {
    ...(!hasAudience(driver, audience) && { tokenRequests: [...driver.tokenRequests, wanted] }),
    ...(!driver.isRepublished && { requiresRepublish: true }),
    ...(driver.hasTokensInSecrets && { serviceAccountTokenInSecrets: false }),
  };
  return `kubectl patch csidriver ${name} --type=merge -p '${JSON.stringify({ spec })}'`;
}
