/**
 * The roles as a shell script with the reason for every action beside it: what an administrator reads, and then runs.
 */

import { ROLE_OPTIONS, ROLES, type RoleOption, type RoleRow } from "../../azure/role-table.ts";
import { POLICY_OPTION, POLICY_SUMMARY } from "./policy-table.ts";
import type { RoleRequest } from "./role-bodies.ts";
import type { RolePlan } from "./role-plan.ts";

/** What the script applies, and which optional roles that leaves out. */
export interface ScriptInput {
  readonly plan: RolePlan;
  readonly requests: readonly RoleRequest[];
  readonly options: readonly RoleOption[];
}

/** For `sh`. Every name in it is computed, so that rerunning it changes nothing. */
export function toScript({ plan, requests, options }: ScriptInput): string {
  const calls = requests.map(({ makes, url, body }) => {
    const call = `az rest --method put --url ${quote(url)} \\\n  --body ${quote(JSON.stringify(body))}\n`;
    return `${comment(makes)}${call}`;
  });
  const explained = plan.roles.map(({ role }) => explain(role)).join("#\n");
  const hasPolicies = plan.policies.length > 0;
  const left = [
    ...ROLE_OPTIONS.filter((option) => !options.includes(option)).flatMap(describeOption),
    ...(hasPolicies ? [] : [`  ${POLICY_OPTION}: ${POLICY_SUMMARY}`]),
  ];
  return [
    "#!/bin/sh -eu\n",
    comment(
      "Roles of keyless-csi. Run it as a principal that may write role definitions and assignments there (Owner, or User",
      "Access Administrator). It can be rerun at any time: every name in it is computed.",
    ),
    `#\n${explained}`,
    hasPolicies ? `#\n${comment("Policies:", `  ${POLICY_SUMMARY}`)}\n` : "\n",
    calls.join("\n"),
    left.length === 0 ? "" : `\n${comment("Left out; add with --with:", ...left)}`,
  ].join("");
}

function explain(role: RoleRow): string {
  const actions = [...role.actions, ...role.dataActions].map(({ action, why }) => `  ${action}: ${why}`);
  return comment(`${role.roleName} (${role.id}): ${role.description}`, ...actions);
}

function describeOption(option: RoleOption): string[] {
  return ROLES.filter((role) => role.option === option).map((role) => `  ${option}: ${role.description}`);
}

function comment(...lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join("");
}

/** In single quotes of the shell, where nothing but a single quote is special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
