/**
 * The roles as a shell script with the reason for every action beside it: what an administrator reads, and then runs.
 */
import type { RoleRequest } from "./role-bodies.ts";
import type { RolePlan } from "./role-plan.ts";
import { OPTIONAL_PARTS, type OptionalPart, ROLES, type RoleRow } from "./role-table.ts";

/** What the script is made of. */
export interface ScriptParts {
  readonly plan: RolePlan;
  readonly requests: readonly RoleRequest[];
  readonly parts: readonly OptionalPart[];
}

/** For `sh`. Every name in it is computed, so that running it again changes nothing. */
export function toScript({ plan, requests, parts }: ScriptParts): string {
  const calls = requests.map(({ makes, url, body }) => {
    const call = `az rest --method put --url ${quote(url)} \\\n  --body ${quote(JSON.stringify(body))}\n`;
    return `${comment(makes)}${call}`;
  });
  const explained = plan.roles.map(({ role }) => explain(role)).join("#\n");
  const left = OPTIONAL_PARTS.filter((part) => !parts.includes(part));
  return [
    "#!/bin/sh -eu\n",
    comment(
      "Roles of keyless-csi. Run it as somebody who may write role definitions and assignments there (Owner, or User",
      "Access Administrator). It can be run again at any time: every name in it is computed.",
    ),
    `#\n${explained}\n`,
    calls.join("\n"),
    left.length === 0 ? "" : `\n${comment("Left out; add with --with:", ...left.flatMap(describePart))}`,
  ].join("");
}

function explain(role: RoleRow): string {
  const actions = [...role.actions, ...role.dataActions].map(({ action, why }) => `  ${action}: ${why}`);
  return comment(`${role.roleName} (${role.id}): ${role.description}`, ...actions);
}

function describePart(part: OptionalPart): string[] {
  return ROLES.filter((role) => role.part === part).map((role) => `  ${part}: ${role.description}`);
}

function comment(...lines: readonly string[]): string {
  return lines.map((line) => `# ${line}\n`).join("");
}

/** In single quotes of the shell, where nothing but a single quote is special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
