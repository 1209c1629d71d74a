/** How much is left of what Azure limits by number. */
import { CREDENTIALS_PER_IDENTITY } from "../../text/azure-limits.ts";
import type { AccountRef } from "../../volume/ports.ts";
import { allowedSubscriptions } from "../../volume/settings.ts";
import { type Check, error, heaviest, type Outcome, ok, unchecked, warning } from "../check.ts";
import { newAccounts } from "../new-accounts.ts";
import type { DoctorContext, Quota } from "../ports.ts";

/** Time enough to do something, as in the chart's alert of role assignments. */
const MUCH = 0.7;
const APPLY = "apply what `keyless-csi roles --with usage` prints";

function judge({ used, limit }: Quota, what: string, fix: string): Outcome {
  const found = `${used} of ${limit} ${what}`;
  if (used >= limit) return error(found, fix);
  return used >= limit * MUCH ? warning(found, fix) : ok(found);
}

const accounts: Check = {
  id: "account-quota",
  category: "azure",
  title: "there is room for storage accounts",
  why: "A subscription may have a number of storage accounts in each region, those of others among them: 250 unless it was raised.",
  needs: ["resource-group"],
  async run(context) {
    const regions = await regionsOf(context);
    const outcomes = await Promise.all(regions.map((region) => lookAtAccounts(context, region)));
    // As long as one place has room, volumes go on there.
    const goesOn =
      context.settings.overflow.length > 0 && outcomes.some(({ status }) => status === "ok" || status === "warning");
    return heaviest(goesOn ? outcomes.map(lighter) : outcomes, ok("no class makes accounts"));
  },
};

function lighter(outcome: Outcome): Outcome {
  return outcome.status === "error" ? { ...outcome, status: "warning" } : outcome;
}

interface Region extends Pick<AccountRef, "subscriptionId"> {
  readonly location: string;
}

async function regionsOf(context: DoctorContext): Promise<readonly Region[]> {
  const all = (await newAccounts(context)).map(({ ref: { subscriptionId }, spec: { location } }) => {
    return { subscriptionId, location };
  });
  return [...new Map(all.map((each) => [JSON.stringify(each).toLowerCase(), each])).values()];
}

async function lookAtAccounts({ azure }: DoctorContext, { subscriptionId, location }: Region): Promise<Outcome> {
  const quota = await azure.accountQuota(subscriptionId, location);
  const where = `storage accounts of subscription ${subscriptionId} in ${location}`;
  if (quota === "hidden") return unchecked(`the number of ${where} is hidden`, APPLY);
  const fix =
    "ask Azure for a higher limit (portal, Quotas), let classes share accounts (isolation pool), or name further places with --overflow";
  return judge(quota, where, fix);
}

const assignments: Check = {
  id: "role-assignment-quota",
  category: "azure",
  title: "there is room for role assignments",
  why: "A subscription may have 4,000 role assignments, which Azure never raises. With grantScope container each volume takes one.",
  needs: ["resource-group"],
  async run({ azure, settings }) {
    const outcomes = await Promise.all(
      allowedSubscriptions(settings).map(async (id) => {
        const quota = await azure.assignmentQuota(id);
        const where = `role assignments of subscription ${id}`;
        if (quota === "hidden") return unchecked(`the number of ${where} is hidden`, APPLY);
        const fix =
          'use classes with isolation "namespace" and grantScope "account", which take one for each identity and account, or another subscription';
        return judge(quota, where, fix);
      }),
    );
    return heaviest(outcomes, ok("none"));
  },
};

const credentials: Check = {
  id: "federated-credential-quota",
  category: "azure",
  title: "the workloads' identities can trust further ServiceAccounts",
  why: `An identity may have ${CREDENTIALS_PER_IDENTITY} federated credentials, one for each ServiceAccount and cluster that it trusts.`,
  needs: ["identity-scopes"],
  async run({ ports, settings }) {
    const used = Map.groupBy(await ports.identities.listCredentials(), ({ identity }) => identity.id);
    const outcomes = [...used].map(([id, { length }]) => {
      const fix =
        "remove one that is not needed (`keyless-csi orphans` finds ours), or use another identity for further ServiceAccounts";
      const outcome = judge({ used: length, limit: CREDENTIALS_PER_IDENTITY }, `federated credentials of ${id}`, fix);
      // Only where the controller writes them does a full identity stop a volume.
      return settings.managesFederatedCredentials ? outcome : lighter(outcome);
    });
    return heaviest(outcomes, ok("no identity has any"));
  },
};

export const QUOTA_CHECKS: readonly Check[] = [accounts, assignments, credentials];
