/**
 * A deny assignment: it outranks every role, and only what has created it can change it, so that a missing role would be the
 * wrong thing to look for. Sources: "List Azure deny assignments", "Deployment stacks", "Managed applications"; the texts as
 * users of them report them.
 */

/** What the text says; each part may be missing. */
interface DenyAssignment {
  readonly action: string;
  readonly name: string;
  readonly id: string;
  readonly scope: string;
}

/** Whether a refusal of ARM is one by a deny assignment, directly or at a linked scope. */
export function isByDenyAssignment(code: string | undefined, text: string): boolean {
  if (code === "DenyAssignmentAuthorizationFailed") return true;
  return code === "LinkedAuthorizationFailed" && /\bdeny assignments?\b/i.test(text);
}

/** Which deny assignment denies what, or undefined for a text of another form, which then stands for itself. */
export function describeDenyAssignment(text: string): string | undefined {
  const { action, name, id, scope } = read(text);
  if (name === "" && id === "") return undefined;
  const of = id === "" || id === name ? "" : ` (id ${id})`;
  const at = scope === "" ? "" : ` at ${scope}`;
  return `deny assignment "${name.replace(/\.$/, "") || id}"${name === "" ? "" : of}${at} denies ${action || "this"}`;
}

/** The end of the message. */
export function denyAssignmentRemedy(text: string): string {
  const otherwise = /\/delete$/i.test(read(text).action) ? "" : ", or use another resource group";
  return `no role helps: a deny assignment outranks every role. ${makerOf(text)} must exclude the controller's identity${otherwise}`;
}

/** A name holds quotes of its own: `'Deny assignment '0f1e' created by Deployment Stack '/subscriptions/...'.'` */
function read(text: string): DenyAssignment {
  const begin = text.search(/deny assignment(?: with (?:name|id))/i);
  const after = begin < 0 ? "" : text.slice(begin);
  const name = /with name '(.*?)'(?= and id '| at scope '|\.?$|\. )/i.exec(after)?.[1] ?? "";
  return {
    action: /perform action '([^']+)'/.exec(text)?.[1] ?? "",
    name,
    id: /(?:with|and) id '([^']*)'/i.exec(after)?.[1] ?? "",
    scope: / at scope '([^']*)'?/i.exec(after)?.[1] ?? "",
  };
}

function makerOf(text: string): string {
  if (/managed application/i.test(text)) return "The publisher of the managed application that made it";
  if (/deployment stack/i.test(text)) return "The owner of the deployment stack that made it";
  if (/blueprint/i.test(text)) return "The owner of the blueprint assignment that made it";
  if (/kubernetes\.azure\.com|nrg[-_]lockdown|node resource group/i.test(text))
    return "The owner of the cluster whose node resource group it protects";
  return "Its owner (a managed application, a deployment stack, a blueprint or a service of Azure)";
}
