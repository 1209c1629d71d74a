// (b) Claims on a real control plane: applied at once, provisioned by csi-provisioner with the flags of deploy/manifests, until
// all are Bound; beside the do-nothing driver behind a csi-provisioner of its own, in turns.
import { type ControlPlane, startControlPlane } from "../../../test/support/control-plane.ts";
import { argumentsOf, type Manifest, manifestOf, readManifests, withFlags } from "../../../test/support/deployment.ts";
import { toolPath } from "../../../test/support/tools.ts";
import { median } from "../arithmetic.ts";
import { type ClaimBench, connectClaims } from "../claims-watch.ts";
import { classFor } from "../classes.ts";
import { type Context, flagsFor, type Way } from "../context.ts";
import type { PartReport, Row } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";
import { type Subject, startDoNothing, startProduct } from "../subjects.ts";

const CLAIMS = 500;
const LIMIT_SECONDS = 600;
const DRIVER = "keyless.blob.csi";
const DO_NOTHING = "nothing.bench";

export async function measureClaims(context: Context): Promise<PartReport> {
  context.say("building the control plane, if this machine has not built it yet (6 to 8 minutes)");
  await toolPath("csi-provisioner");
  const rows: Row[] = [];
  for (const way of context.ways.filter(({ name }) => name === "arm" || name === "blob + account")) {
    rows.push(...(await measureWay(context, way)));
  }
  const notes = [
    "kube-apiserver, etcd, kube-controller-manager and csi-provisioner are the real ones, on the same machine; Azure is the stand-in.",
  ];
  return { key: "claims", title: `(b) ${CLAIMS} claims until Bound, on a real control plane`, rows, notes };
}

async function measureWay(context: Context, way: Way): Promise<readonly Row[]> {
  const plane = await startControlPlane();
  const standIn = await startStandInProcess(
    context.environment.folder,
    `stand-in-claims-${way.name.replaceAll(" ", "")}`,
  );
  const subjects: Subject[] = [];
  let claims: ClaimBench | undefined;
  try {
    await applyManifests(plane);
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    const flags = flagsFor(context, way);
    const product = await startProduct(context.environment, { cloudFile: standIn.cloudFile, kubeconfig, flags });
    subjects.push(product);
    const nothing = await startDoNothing(context.environment, DO_NOTHING);
    subjects.push(nothing);
    await provisionFor(plane, kubeconfig, { subject: product, driver: DRIVER, way });
    await provisionFor(plane, kubeconfig, { subject: nothing, driver: DO_NOTHING, way });
    claims = await connectClaims(plane);
    return toRows(way, await alternate(context, way, claims, product));
  } finally {
    await claims?.close();
    for (const subject of subjects) await subject.stop();
    await plane.stop();
    await standIn.stop();
  }
}

async function applyManifests(plane: ControlPlane): Promise<void> {
  const manifests = (await readManifests()).filter(({ kind }) => kind !== "StorageClass");
  const items = manifests.map((each) => (each.kind === "Role" ? withLeaseOf(DO_NOTHING, each) : each));
  await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

interface Rule {
  readonly resourceNames?: readonly string[];
}

/** The shipped Role names the Leases of this driver's csi-provisioner; that of another has its driver's name too. */
function withLeaseOf(driver: string, role: Manifest): Manifest {
  const lease = driver.replaceAll(".", "-");
  const rules = (role["rules"] as readonly Rule[]).map(({ resourceNames, ...rest }) => {
    return { ...rest, ...(resourceNames && { resourceNames: [...resourceNames, lease] }) };
  });
  return { ...role, rules };
}

/** A StorageClass of the driver's name, and a csi-provisioner before its socket. */
async function provisionFor(
  plane: ControlPlane,
  kubeconfig: string,
  { subject, driver, way }: { readonly subject: Subject; readonly driver: string; readonly way: Way },
): Promise<void> {
  const manifests = await readManifests();
  const shipped = manifestOf(manifests, "StorageClass");
  const { parameters } = await classFor(way.grantScope);
  const changes = { metadata: { name: driver }, provisioner: driver, volumeBindingMode: "Immediate", parameters };
  await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ ...shipped, ...changes }));
  const args = argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner");
  await plane.start(
    "csi-provisioner",
    withFlags(args, { "csi-address": subject.socketPath, kubeconfig, "http-endpoint": "" }),
  );
}

interface Rates {
  readonly product: readonly number[];
  readonly nothing: readonly number[];
  readonly cpuMs: number;
}

/** The first block of each is a warm-up: the provisioner becomes leader, the account is created. */
async function alternate({ isShort, say }: Context, way: Way, claims: ClaimBench, product: Subject): Promise<Rates> {
  const blocks = isShort ? 1 : 3;
  const rates = { product: [] as number[], nothing: [] as number[] };
  await claims.run("warm-product", DRIVER, 20, LIMIT_SECONDS);
  await claims.run("warm-nothing", DO_NOTHING, 20, LIMIT_SECONDS);
  const { cpuMs: before } = product.figures();
  for (let block = 0; block < blocks; block += 1) {
    for (const [which, driver] of [["product", DRIVER] as const, ["nothing", DO_NOTHING] as const]) {
      const { seconds, createdAfterSeconds } = await claims.run(`${which}-${block}`, driver, CLAIMS, LIMIT_SECONDS);
      say(
        `${way.name}: ${CLAIMS} claims of ${driver} Bound in ${seconds.toFixed(1)} s, created in ${createdAfterSeconds.toFixed(1)} s`,
      );
      rates[which].push(CLAIMS / seconds);
    }
  }
  return { ...rates, cpuMs: (product.figures().cpuMs - before) / (blocks * CLAIMS) };
}

function toRows({ name }: Way, { product, nothing, cpuMs }: Rates): readonly Row[] {
  const ratios = product.map((rate, block) => rate / (nothing[block] ?? Number.NaN));
  return [
    {
      name: `${name}: claims a second`,
      unit: "",
      value: median(product),
      references: [{ name: "do-nothing", value: median(nothing) }],
    },
    {
      name: `${name}: rate over do-nothing's`,
      unit: "",
      value: median(ratios),
      references: [],
      bound: { atLeast: 0.85 },
    },
    { name: `${name}: processor time of the controller a claim`, unit: "ms", value: cpuMs, references: [] },
  ];
}
