// What the suite has made: written down before the call that may make it, struck out when it is deleted, and removed at
// the end in reverse order. It also refuses to write to anything that does not bear a name of this run.
import type { Answer, Call } from "./cloud.ts";

type Send = (method: string, path: string, call?: Call) => Promise<Answer>;

export interface Ledger {
  readonly send: Send;
  /** Deletes what is left, newest first; gives what Azure would not delete. */
  removeAll(): Promise<string[]>;
}

/** Resources that do not go with a parent which goes. */
const TRACKED =
  /\/(providers\/Microsoft\.(Storage\/storageAccounts|ManagedIdentity\/userAssignedIdentities|Authorization\/(roleAssignments|roleDefinitions|locks))|resourceGroups)\/[^/]+$/i;

/** Questions that are asked with POST. */
const QUESTIONS = /\/checkNameAvailability$/i;

/** `isOurs` tells whether a path bears a name that this run has handed out. */
export function createLedger(send: Send, isOurs: (path: string) => boolean): Ledger {
  const made = new Set<string>();
  const sendAndNote: Send = async (method, path, call) => {
    const id = new URL(path, "https://arm.invalid").pathname;
    const isWrite = method !== "GET" && method !== "HEAD" && !QUESTIONS.test(id);
    if (isWrite && !isOurs(id)) throw new Error(`the contract suite may not ${method} ${id}: it is not of this run`);
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
      const faults: string[] = [];
      // A grant outlives its scope, and cannot be deleted any more when the scope is gone: grants go before accounts.
      const order = [...made].reverse().sort((left, right) => rankOf(left) - rankOf(right));
      for (const id of order) {
        const fault = await remove(id);
        if (fault !== undefined) faults.push(fault);
      }
      made.clear();
      return faults;
    },
  };
}

function rankOf(id: string): number {
  if (/\/locks\//i.test(id)) return 0;
  if (/\/roleAssignments\//i.test(id)) return 1;
  return /\/resourceGroups\/[^/]+$/i.test(id) ? 3 : 2;
}
