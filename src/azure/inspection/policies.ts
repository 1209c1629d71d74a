/** What Azure Policy would do to a new account: by Azure's own dry run, and by rules that are read where that says nothing. */

import { remembering } from "../../concurrency/remembered.ts";
import type { AzureSurroundings, PolicyRefusal, PolicyVerdict } from "../../doctor/ports.ts";
import { groupId } from "../../volume/formats/arm-ids.ts";
import type { AccountRef, AccountSpec } from "../../volume/ports.ts";
import type { AccountShaping } from "../accounts.ts";
import type { Arm } from "../arm.ts";
import { codeOf, statusOf, toDriverError } from "../faults.ts";
import { describeDenials, policyRemedy } from "../refusals/policy-words.ts";
import { bodyOf } from "./account-body.ts";
import { type AssignedPolicy, type AssignedRule, assignmentsAt, createRuleReader } from "./assigned-policies.ts";
import { asArray, asObject, type Json } from "./json.ts";
import { orHidden } from "./lists.ts";
import { readRule } from "./policy-rule.ts";

export interface PolicyInspectionOptions {
  readonly arm: Arm;
  readonly shaping: AccountShaping;
  /** Api-version of Microsoft.Storage that accounts are created with. */
  readonly storageApiVersion: string;
}

interface DryRun {
  readonly state: PolicyVerdict["dryRun"];
  /** `info` members in the form of a denial's additionalInfo. */
  readonly denials: readonly Json[];
}

export function createPolicyInspection(options: PolicyInspectionOptions): Pick<AzureSurroundings, "policiesOn"> {
  const { arm, shaping } = options;
  const assignments = remembering((group: string) =>
    orHidden(`listing the policy assignments at ${group}`, () => assignmentsAt(arm, group)),
  );
  const readersOf = remembering((subscriptionId: string) => createRuleReader(arm, subscriptionId));
  return {
    async policiesOn(account, spec) {
      const { subscriptionId } = account;
      const group = groupId(account);
      const content = await contentOf(shaping, account, spec);
      const { state, denials } = await dryRun(options, { group, subscriptionId, content });
      const listed = await assignments(group);
      const known = listed === "hidden" ? [] : listed;
      const left = known.filter(({ scope }) => state !== "done" || !/^\/subscriptions\//i.test(scope));
      const rules = (await Promise.all(left.map(readersOf(subscriptionId)))).flat();
      const judged = rules.map((rule) => ({ rule, ...judge(rule, content) }));
      const named = (infos: readonly Json[]) => infos.map((info) => toRefusal(shaping, withNames(info, known)));
      return {
        dryRun: state,
        refused: named(denials),
        assignments: listed === "hidden" ? "hidden" : "read",
        refusedByRule: named(
          judged.filter(({ matches }) => matches === true).map(({ rule, expressions }) => infoOf(rule, expressions)),
        ),
        unjudged: [
          ...new Set(
            judged.filter(({ matches }) => matches === undefined).map(({ rule }) => rule.assignment.displayName),
          ),
        ],
      };
    },
  };
}

async function contentOf(shaping: AccountShaping, { name }: AccountRef, spec: AccountSpec): Promise<Json> {
  return { type: "Microsoft.Storage/storageAccounts", name, ...(await bodyOf(shaping.toCreateParameters(spec))) };
}

/** REST: Policy Restrictions - Check At Resource Group Scope. */
async function dryRun(
  { arm, storageApiVersion: apiVersion }: PolicyInspectionOptions,
  {
    group,
    subscriptionId,
    content,
  }: { readonly group: string; readonly subscriptionId: string; readonly content: Json },
): Promise<DryRun> {
  const path = `${group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions`;
  const body = { resourceDetails: { resourceContent: content, apiVersion } };
  try {
    const answer = await arm.send(subscriptionId, { method: "POST", path, apiVersion: "2024-10-01", body });
    return { state: "done", denials: evaluationsIn(answer).map(toInfo) };
  } catch (error) {
    if (codeOf(error) === "MissingSubscriptionRegistration") return { state: "unregistered", denials: [] };
    if (statusOf(error) === 403) return { state: "hidden", denials: [] };
    throw toDriverError(error, `asking what policies say of a new storage account at ${group}`);
  }
}

function evaluationsIn(answer: unknown): readonly Json[] {
  const { contentEvaluationResult } = asObject(answer);
  return asArray(asObject(contentEvaluationResult)["policyEvaluations"]).map(asObject);
}

/** A denial names the same things by other names. */
function toInfo({ policyInfo, evaluationDetails }: Json): Json {
  return { ...asObject(policyInfo), evaluationDetails };
}

/** With what people call it, and what it is set to: the dry run gives ids alone. */
function withNames(info: Json, known: readonly AssignedPolicy[]): Json {
  const id = String(info["policyAssignmentId"]).toLowerCase();
  const assignment = known.find((each) => each.id.toLowerCase() === id);
  if (assignment === undefined) return info;
  return {
    policyAssignmentDisplayName: assignment.displayName,
    policyAssignmentScope: assignment.scope,
    policyAssignmentParameters: assignment.parameters,
    ...info,
  };
}

function judge({ effect, rule, parameters, assignment }: AssignedRule, content: Json) {
  if (effect !== undefined && effect !== "deny") return { matches: false, expressions: [] };
  const { matches, expressions } = readRule(rule, { content, parameters });
  const isSure = effect !== undefined && rule !== undefined && !assignment.isAltered;
  return { matches: matches === true && !isSure ? undefined : matches, expressions };
}

function infoOf(
  { assignment, definitionId, definitionName, initiative, parameters }: AssignedRule,
  expressions: readonly Json[],
): Json {
  const { message } = assignment;
  return {
    policyAssignmentId: assignment.id,
    policyDefinitionId: definitionId,
    policyDefinitionDisplayName: definitionName,
    ...(initiative && { policySetDefinitionId: initiative.id, policySetDefinitionDisplayName: initiative.name }),
    policyAssignmentParameters: parameters,
    evaluationDetails: { evaluatedExpressions: expressions, ...(message !== undefined && { reason: message }) },
  };
}

function toRefusal({ complyingParameter }: AccountShaping, info: Json): PolicyRefusal {
  const error = { additionalInfo: [{ type: "PolicyViolation", info }] };
  return {
    found: describeDenials(error) ?? "a policy that Azure does not name",
    fix: policyRemedy(error, complyingParameter),
  };
}
