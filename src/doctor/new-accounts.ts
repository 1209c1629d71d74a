/** The accounts that the classes would get for a new volume, for checks of what is in their way. */
import { DriverError } from "../errors.ts";
import { toSpec } from "../volume/account/account-choice.ts";
import { ownClasses } from "../volume/class/cluster-classes.ts";
import { encodeAccountTags } from "../volume/formats/account-tags.ts";
import { type AccountPlan, planExample } from "../volume/plan.ts";
import type { AccountRef, AccountSpec, ClusterClass } from "../volume/ports.ts";
import type { DoctorContext } from "./ports.ts";

export interface NewAccount {
  /** For people: `class "keyless"`. */
  readonly of: string;
  readonly ref: AccountRef;
  readonly spec: AccountSpec;
}

/** What a class without a word on its accounts is created from. */
const PLAIN = { identity: "serviceAccount" };

/**
 * One for each class and place, its own before those of --overflow; without a cluster, or before its first class, those of a class that
 * states nothing. A class that cannot be read has none: to say so is another check's business.
 */
export async function newAccounts(context: DoctorContext): Promise<readonly NewAccount[]> {
  const classes = await classesOf(context);
  if (classes.length === 0) return accountsOf(PLAIN, "a class without parameters", context);
  return classes.flatMap(({ name, parameters }) => accountsOf(parameters, `class "${name}"`, context));
}

async function classesOf({ ports, settings, className }: DoctorContext): Promise<readonly ClusterClass[]> {
  if (!ports.cluster.isConnected) return [];
  const own = ownClasses(await ports.cluster.listClasses().catch(hide), settings);
  return className === undefined ? own : own.filter(({ name }) => name === className);
}

/** That the classes may not be read is a fault of its own, which another check names: here nothing is known then. */
function hide(error: unknown): never {
  if (!(error instanceof DriverError) || error.reason !== "Misconfigured") throw error;
  throw new DriverError("Forbidden", `the accounts of the classes are not known: ${error.message}`, { cause: error });
}

function accountsOf(parameters: ClusterClass["parameters"], of: string, rules: DoctorContext): NewAccount[] {
  const plan = planOf(parameters, rules);
  if (plan === undefined) return [];
  return [plan, ...plan.elsewhere].flatMap((place) => {
    const [first] = place.candidates;
    if (first?.tags === undefined) return [];
    return [{ of, ref: first.ref, spec: toSpec(place, encodeAccountTags(first.tags)) }];
  });
}

function planOf(parameters: ClusterClass["parameters"], rules: DoctorContext): AccountPlan | undefined {
  try {
    return planExample(parameters, rules);
  } catch (error) {
    if (error instanceof DriverError && error.reason === "InvalidRequest") return undefined;
    throw error;
  }
}
