/** Whether Azure Policy would refuse the accounts that the classes get. */
import { type Check, type Finding, heaviest, type Outcome, ok, outcomeOf } from "../check.ts";
import { type NewAccount, newAccounts } from "../new-accounts.ts";
import type { DoctorContext, PolicyRefusal, PolicyVerdict } from "../ports.ts";

const APPLY = "apply what `keyless-csi roles --with doctor` prints";
/** More names than these would fill a terminal. */
const MOST_NAMES = 3;

const policies: Check = {
  id: "policies",
  category: "azure",
  title: "no policy refuses the accounts of the classes",
  why:
    "Azure Policy may refuse an account for what it states or does not state. Azure is asked about the very body that CreateVolume would " +
    "send. Its answer leaves out what is assigned at management groups: those rules are read, as far as they can be judged from outside.",
  needs: ["resource-group"],
  async run(context) {
    const accounts = await newAccounts(context);
    const outcomes = await Promise.all(accounts.map((account) => lookAt(context, account)));
    return heaviest(outcomes, ok("no class makes accounts"));
  },
};

async function lookAt({ azure }: DoctorContext, { of, ref, spec }: NewAccount): Promise<Outcome> {
  const where = `of ${of} in resource group ${ref.resourceGroup}`;
  const verdict = await azure.policiesOn(ref, spec);
  const { refused, refusedByRule } = verdict;
  const byAzure = refused.map(toFinding(`Azure Policy refuses the accounts ${where}`));
  const rule = `by its rule, which knows no exemptions, a policy refuses the accounts ${where}`;
  const byRule = refusedByRule.map(toFinding(rule));
  const open = whatIsOpen(verdict, where, ref.subscriptionId);
  const unknown = outcomeOf("unchecked", open, ok(`the accounts ${where}`));
  return outcomeOf("error", byAzure, outcomeOf("warning", byRule, unknown));
}

function toFinding(begin: string): (refusal: PolicyRefusal) => Finding {
  return ({ found, fix }) => ({ found: `${begin}: ${found}`, fix });
}

/** What could not be asked or judged. */
function whatIsOpen(
  { dryRun, assignments, unjudged }: PolicyVerdict,
  where: string,
  subscriptionId: string,
): Finding[] {
  const open: Finding[] = [];
  const read =
    assignments === "read"
      ? "by the rules that are assigned there, which is the weaker answer, no policy refuses"
      : "nothing is known of policies on";
  if (dryRun === "hidden")
    open.push({ found: `${read} the accounts ${where}; Azure's own answer takes the right to it`, fix: APPLY });
  if (dryRun === "unregistered") {
    open.push({
      found: `${read} the accounts ${where}; Azure's own answer takes its resource provider Microsoft.PolicyInsights`,
      fix: `az provider register --namespace Microsoft.PolicyInsights --subscription ${subscriptionId}`,
    });
  }
  if (assignments === "hidden" && dryRun === "done") {
    open.push({
      found: `Azure refuses none of the accounts ${where}, and says nothing of what management groups assign`,
      fix: APPLY,
    });
  }
  if (unjudged.length > 0) {
    const names = unjudged.slice(0, MOST_NAMES).map((name) => `"${name}"`);
    const more = unjudged.length > MOST_NAMES ? ` and ${unjudged.length - MOST_NAMES} more` : "";
    open.push({
      found: `whether ${names.join(", ")}${more} refuse the accounts ${where} cannot be told from outside Azure`,
    });
  }
  return open;
}

export const POLICY_CHECKS: readonly Check[] = [policies];
