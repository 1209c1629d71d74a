/** The StorageClasses of the driver: what CreateVolume would refuse or warn of, before a claim meets it. */
import { DriverError } from "../../errors.ts";
import { ownClasses } from "../../volume/class/cluster-classes.ts";
import { findClass } from "../../volume/class/known-classes.ts";
import { findIgnored } from "../../volume/class/parse-class.ts";
import { isSharedPlugin } from "../../volume/node-driver.ts";
import { type Check, error, type Finding, heaviest, type Outcome, ok, warning } from "../check.ts";
import { findClaim } from "../claim-case.ts";
import { clusterOf } from "../cluster.ts";
import type { DoctorContext, InspectedClass } from "../ports.ts";

/** What a claim of several writers asks for: whatever it would lose, others may not. */
const MODES = ["MULTI_NODE_MULTI_WRITER"];
/** csi-provisioner's own parameters for secrets, also by their names before Kubernetes 1.12. */
const SECRET = /^(csi\.storage\.k8s\.io\/.*-secret-name(space)?|csi.*secret(name|namespace))$/i;

/** The class that was asked for, or that of the claim that was. */
async function classAsked(context: DoctorContext): Promise<string | undefined> {
  return context.className ?? (await findClaim(context))?.className;
}

async function listOfDriver(context: DoctorContext): Promise<readonly InspectedClass[]> {
  const all = await clusterOf(context).listClasses();
  return all.filter(({ provisioner }) => provisioner === context.settings.driverName);
}

/** All classes of the driver, or the one that was asked for. */
async function listOwn(context: DoctorContext): Promise<readonly InspectedClass[]> {
  const className = await classAsked(context);
  return (await listOfDriver(context)).filter(isAsked(className));
}

function isAsked(className: string | undefined): (each: InspectedClass) => boolean {
  return ({ name }) => className === undefined || name === className;
}

async function judgeEach(
  context: DoctorContext,
  judge: (each: InspectedClass) => readonly Outcome[],
): Promise<Outcome> {
  const own = await listOwn(context);
  return heaviest(own.flatMap(judge), ok(own.map(({ name }) => name).join(", ")));
}

const present: Check = {
  id: "classes",
  category: "classes",
  title: "the driver has StorageClasses",
  why: "A claim names a class, and the class names the driver as its provisioner.",
  needs: ["kubernetes-api"],
  isAfterInstallation: true,
  async run(context) {
    const { settings } = context;
    const className = await classAsked(context);
    const own = await listOwn(context);
    if (own.length > 0) return ok(own.map(({ name }) => name).join(", "));
    const which = className === undefined ? "no StorageClass" : `no StorageClass ${className}`;
    const names = (await listOfDriver(context)).map(({ name }) => name).join(", ");
    return error(
      `there is ${which} with provisioner ${settings.driverName}`,
      names === ""
        ? "kubectl apply -f deploy/manifests/storageclass.yaml, or storageClasses of the chart"
        : `use one of the driver's classes: ${names}`,
    );
  },
};

const parameters: Check = {
  id: "class-parameters",
  category: "classes",
  title: "CreateVolume accepts the parameters of each class",
  why: "A parameter that is refused fails every claim of the class; one without effect promises what no mount does.",
  needs: ["classes"],
  isAfterInstallation: true,
  run: (context) => judgeEach(context, (each) => judgeParameters(context, each)),
};

function judgeParameters({ settings, backend }: DoctorContext, each: InspectedClass): readonly Outcome[] {
  const { name } = each;
  const [own] = ownClasses([each], settings);
  const secrets = Object.keys(each.parameters).filter((key) => SECRET.test(key));
  if (secrets.length > 0) {
    const found = `StorageClass ${name} hands a secret to the driver: ${secrets.join(", ")}`;
    return [error(found, "delete the class and create it again without them: no volume here needs a secret")];
  }
  try {
    findClass(own?.parameters ?? {}, settings, backend);
  } catch (thrown) {
    if (!(thrown instanceof DriverError)) throw thrown;
    return [error(`StorageClass ${name}: ${thrown.message}`, RECREATE)];
  }
  const ignored = findIgnored(backend.parameters, own?.parameters ?? {});
  return ignored.length === 0 ? [] : [warning(`StorageClass ${name}: ${ignored.join("; ")}`, RECREATE)];
}

const RECREATE = "delete the class and create it corrected (parameters cannot be changed); its volumes stay";

const mountOptions: Check = {
  id: "class-mount-options",
  category: "classes",
  title: "the mount options of each class lose nothing",
  why: "blobfuse2's file cache can lose what several pods write. Such a class is refused for claims that several may write (--mount-checks).",
  needs: ["class-parameters"],
  isAfterInstallation: true,
  run: (context) => judgeEach(context, (each) => judgeMount(context, each)),
};

function judgeMount({ settings, backend }: DoctorContext, each: InspectedClass): readonly Outcome[] {
  if (settings.mountChecks === "off") return [];
  const [own] = ownClasses([each], settings);
  const { volumeClass } = findClass(own?.parameters ?? {}, settings, backend);
  const request = { flags: each.mountOptions, accessModes: MODES, volumeClass, className: each.name };
  return backend.findMountProblems(request).map(({ isRefused, message }): Outcome => {
    const finding: Finding = { found: `StorageClass ${each.name}: ${message}` };
    return { status: isRefused && settings.mountChecks === "refuse" ? "error" : "warning", findings: [finding] };
  });
}

const contradictions: Check = {
  id: "class-contradictions",
  category: "classes",
  title: "each class fits the installation",
  why: "A class can be right by itself and not do what it says here.",
  needs: ["class-parameters"],
  isAfterInstallation: true,
  run: (context) => judgeEach(context, (each) => judgeFit(context, each)),
};

function judgeFit({ settings, backend }: DoctorContext, each: InspectedClass): readonly Outcome[] {
  const { name, isExpandable, isBoundLate } = each;
  const outcomes: Outcome[] = [];
  if (isExpandable && isSharedPlugin(settings)) {
    outcomes.push(
      warning(
        `StorageClass ${name} allows expansion, which goes to driver ${settings.nodeDriver} here and changes nothing`,
        "set allowVolumeExpansion: false",
      ),
    );
  }
  const [own] = ownClasses([each], settings);
  const { volumeClass } = findClass(own?.parameters ?? {}, settings, backend);
  const { identity, defaultServiceAccount } = volumeClass;
  if (identity === "serviceAccount" && !isBoundLate && defaultServiceAccount === undefined) {
    outcomes.push(
      warning(
        `StorageClass ${name} binds at once: each claim must name its ServiceAccount (annotation keyless-csi/service-account)`,
        "set volumeBindingMode: WaitForFirstConsumer, or the parameter defaultServiceAccount",
      ),
    );
  }
  return outcomes;
}

export const CLASS_CHECKS: readonly Check[] = [present, parameters, mountOptions, contradictions];
