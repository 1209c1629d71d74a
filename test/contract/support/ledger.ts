// What the suite has created: recorded before the call that may create it, removed from the record when it is deleted, and
// deleted at the end in reverse order. It also refuses to write to anything that does not carry a name of this run.
import type { Answer, Call } from "./cloud.ts";

type Send = (method: string, path: string, call?: Call) => Promise<Answer>;

export interface Ledger {
  readonly send: Send;
  /** Deletes what is left, newest first; answers what Azure would not delete. */
  removeAll(): Promise<string[]>;
}

/** Resources that are not deleted with a parent. */
const TRACKED =
  /\/(providers\/Microsoft\.(Storage\/storageAccounts|ManagedIdentity\/userAssignedIdentities|Authorization\/(roleAssignments|roleDefinitions|locks))|resourceGroups)\/[^/]+$/i;

/** POST calls that only read. */
const READS_BY_POST = /\/checkNameAvailability$/i;

/** `isOurs`: whether a path contains a name that this run has generated. */
export function createLedger(send: Send, isOurs: (path: string) => boolean): Ledger {
  const made = new Set<string>();
  const sendAndNote: Send = async (method, path, call) => {
    const id = new URL(path, "https://arm.invalid").pathname;
    const isWrite = method !== "GET" && method !== "HEAD" && !READS_BY_POST.test(id);
    if (isWrite && !isOurs(id))
      throw new Error(`the contract suite may not ${method} ${id}: it does not belong to this run`);
    if (method === "PUT" && TRACKED.test(id)) made.add(id);
    const answer = await send(method, path, call);
    if (method === "DELETE" && (answer.status === 200 || answer.status === 204)) made.delete(id);
    return answer;
  };
  const remove = async (id: string): Promise<string | undefined> => {
    const answer = await send("DELETE", id).catch((error: unknown) => ({ status: 0, message: String(error) }));
    if ([200, 202, 204, 404].includes(answer.status)) return undefined;
    return `${id}: ${answer.status} ${answer.message}`;
  };
  return {
    send: sendAndNote,
    async removeAll() {
      const problems: string[] = [];
      // A role assignment outlives its scope, and can no longer be deleted once the scope is gone: assignments go before accounts.
      const order = [...made].reverse().sort((left, right) => rankOf(left) - rankOf(right));
      for (const id of order) {
        const problem = await remove(id);
        if (problem !== undefined) problems.push(problem);
      }
      made.clear();
      return problems;
    },
  };
}

function rankOf(id: string): number {
  if (/\/locks\//i.test(id)) return 0;
  if (/\/roleAssignments\//i.test(id)) return 1;
  return /\/resourceGroups\/[^/]+$/i.test(id) ? 3 : 2;
}
