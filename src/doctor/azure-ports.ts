/** What the checks of policies, quotas, api-versions and locks ask of Azure. Each answer may be `"hidden"`: without the right to. */
import type { AccountRef, AccountSpec, ResourceGroupRef } from "../volume/ports.ts";

/** A policy that refuses an account. */
export interface PolicyRefusal {
  /** The assignment, the definition and what they want, as a clause. */
  readonly found: string;
  /** What complies, as a clause. */
  readonly fix: string;
}

/** What Azure Policy would do to a new account. */
export interface PolicyVerdict {
  /**
   * Whether Azure has said itself what it would refuse (`Microsoft.PolicyInsights/checkPolicyRestrictions`). It leaves out what is
   * assigned at management groups. `"unregistered"`: the subscription does not use that provider.
   */
  readonly dryRun: "done" | "hidden" | "unregistered";
  /** By the dry run. */
  readonly refused: readonly PolicyRefusal[];
  /** Whether the assignments that the dry run leaves out could be read: without one, all of them. */
  readonly assignments: "read" | "hidden";
  /** By their rules, which are read here: exemptions are not known. */
  readonly refusedByRule: readonly PolicyRefusal[];
  /** Assignments, by name, whose rules cannot be judged from outside Azure. */
  readonly unjudged: readonly string[];
}

/** How much of a limit is used. */
export interface Quota {
  readonly used: number;
  readonly limit: number;
}

/** A resource provider as a subscription sees it. */
export interface ProviderState {
  /** `Registered`, `NotRegistered`, `Registering`, `Unregistering`; absent where that is hidden. */
  readonly registration?: string;
  /** Type in lower case -> the api-versions that the cloud knows. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

/** What stands in the way of changes at a scope: at it or above it. */
export interface Lock {
  readonly name: string;
  readonly scope: string;
  /** `CanNotDelete` or `ReadOnly`. */
  readonly level: string;
}

export interface AzureSurroundings {
  /** About the very body that CreateVolume would send. */
  policiesOn(account: AccountRef, spec: AccountSpec): Promise<PolicyVerdict>;
  /** Storage accounts of the subscription in a region, those of others among them. */
  accountQuota(subscriptionId: string, location: string): Promise<Quota | "hidden">;
  /** Role assignments of the subscription, at all scopes in it. */
  assignmentQuota(subscriptionId: string): Promise<Quota | "hidden">;
  providerState(subscriptionId: string, namespace: string): Promise<ProviderState>;
  locksAt(group: ResourceGroupRef): Promise<readonly Lock[] | "hidden">;
}

/** An api-version that the controller sends first. */
export interface SentApiVersion {
  /** `Microsoft.Storage` */
  readonly provider: string;
  /** A type of it that the controller uses. */
  readonly type: string;
  readonly sent: string;
  /** What it can send instead, oldest first. */
  readonly older: readonly string[];
  /** What is checked on accounts and is not shown in a version. */
  hiddenBy(version: string): readonly string[];
}
