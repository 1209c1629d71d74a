/** The accounts that there are: whose they are, and whether a key opens one. */
import { toAlsoOwns } from "../../volume/account/another-mark.ts";
import { clusterOfAccount, isOfAnotherMark, isOursOrGiven } from "../../volume/account/ownership.ts";
import type { Account } from "../../volume/ports.ts";
import { allowedGroups } from "../../volume/settings.ts";
import { type Check, error, type Finding, ok, outcomeOf } from "../check.ts";
import type { DoctorContext } from "../ports.ts";

async function listAccounts({ ports, settings }: DoctorContext): Promise<readonly Account[]> {
  const lists = await Promise.all(allowedGroups(settings).map((group) => ports.accounts.list(group)));
  return lists.flat();
}

const clusterId: Check = {
  id: "cluster-id",
  category: "cluster",
  title: "no other cluster has this cluster id",
  why: "Names are computed from it. What carries another cluster's mark is not touched, so that volumes of either cluster cannot be created.",
  needs: ["permissions", "kubernetes-api"],
  async run(context) {
    const { settings } = context;
    if (settings.clusterUid === undefined) return ok(`${settings.clusterId}, without a mark to compare`);
    const others = (await listAccounts(context)).filter((account) => isOfAnotherMark(account, settings));
    const [first] = others;
    if (first === undefined) return ok(settings.clusterId);
    const owner = toAlsoOwns(clusterOfAccount(first));
    return error(
      `${others.length} storage accounts, such as ${first.ref.name}, carry the mark of another cluster with this id: ${owner}`,
      `if both clusters exist, give the one without volumes another --cluster-id; if that cluster is gone, add --also-owns ${owner}`,
    );
  },
};

const keyless: Check = {
  id: "accounts-keyless",
  category: "azure",
  title: "no key and no anonymous access opens an account",
  why: "An account that was opened by hand gets no new volumes, and what is in it can be read without an identity.",
  needs: ["permissions"],
  async run(context) {
    const ours = (await listAccounts(context)).filter((account) => isOursOrGiven(account, context.settings));
    const opened = ours.flatMap(({ ref, nonEntraAccess }): Finding[] => {
      const fix = "close it again (docs/how-to/troubleshooting.md, the storage account), or set --repair-drift";
      return nonEntraAccess.length === 0
        ? []
        : [{ found: `storage account ${ref.name}: ${nonEntraAccess.join(", ")}`, fix }];
    });
    return outcomeOf("error", opened, ok(`${ours.length} storage accounts`));
  },
};

export const ACCOUNT_CHECKS: readonly Check[] = [keyless];
export const CLUSTER_ID_CHECKS: readonly Check[] = [clusterId];
