/** What a message says of a role that is not there, or not everywhere yet. */

/** Said where it can be why something is refused or missing ("Troubleshoot Azure RBAC"). The same text each time. */
export const IN_FORCE = "role definitions and assignments take minutes to be in force everywhere in Azure";

/** What to do about a workloads' role that does not exist; `command` prints what creates it. */
export function createRole(command: string): string {
  return `create it with the output of \`${command}\`, or name another with --role; ${IN_FORCE}`;
}
