/**
 * Role assignments at accounts of a namespace, which all volumes of one identity in an account rely on: ARM is asked once for all
 * that come together, and its answer is remembered. Another replica may meanwhile take the assignment away with the account's
 * last volume (account/emptied-account.ts): it looks for volumes again after that. So the assignment is read once more after the
 * volume exists. If that read comes before the removal, the other replica sees the volume and puts the assignment back; if it
 * comes after, it is put back here. docs/decisions/0017-remembered-role-assignments.md.
 */
import { runFor } from "../../concurrency/purpose.ts";
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { listFileSystems } from "../account/contents.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { AccountRef, RoleAssignment } from "../ports.ts";
import { assertSame, createOwn, findOwn, inRolesOf, type OwnAssignment, useFound } from "./own-assignment.ts";
import { mayBeOpenFor } from "./recorded-principals.ts";

/** An assignment as far as it is known. */
export interface SeenAssignment extends OwnAssignment {
  /** Whether ARM was asked by this very call, and so after its volume's file system was there. */
  readonly isOwnAnswer: boolean;
}

export interface AccountAssignments {
  /** What is remembered, or else what ARM says. */
  find(asked: RoleAssignment): Promise<SeenAssignment>;
  /**
   * Creates the assignment unless it was found. The volume's file system must exist: what rests on an answer to somebody else
   * is checked behind it, and put back if the account is in use without it. Nobody waits for that. Answers whether it is new, also
   * to those that came together.
   */
  ensure(seen: SeenAssignment, at: { readonly account: AccountRef; readonly description: string }): Promise<boolean>;
}

export function createAccountAssignments(deps: Dependencies): AccountAssignments {
  const { roleAssignments, followUps } = deps.ports;
  const finding = createSingleFlight<OwnAssignment>();
  const creating = createSingleFlight<boolean>();
  /** Whether it was this call that has asked ARM, and whether the assignment is new. */
  const createOnce = async (assignment: RoleAssignment, description: string) => {
    let isOwnAnswer = false;
    const isNew = await creating.run(assignment.name, async () => {
      // Another call may have created it since this one has asked.
      if (roleAssignments.remembered(assignment)) return false;
      isOwnAnswer = true;
      return await createOwn(deps, assignment, description);
    });
    return { isOwnAnswer, isNew };
  };
  return {
    async find(asked) {
      const isUsable = (each: RoleAssignment) => roleAssignments.remembered(each) && !followUps.isFull(each.name);
      const remembered = isUsable(asked) ? asked : inRolesOf(deps, asked).find(isUsable);
      if (remembered !== undefined) return { assignment: remembered, found: remembered, isOwnAnswer: false };
      let isOwnAnswer = false;
      const seen = await finding.run(asked.name, () => {
        isOwnAnswer = true;
        return findOwn(deps, asked);
      });
      return { ...seen, isOwnAnswer };
    },
    async ensure(seen, { account, description }) {
      const { assignment, found } = seen;
      let { isOwnAnswer } = seen;
      let isNew = false;
      if (found === undefined) ({ isOwnAnswer, isNew } = await createOnce(assignment, description));
      else useFound(deps, { assignment, found }, isOwnAnswer ? "found" : "remembered");
      if (!isOwnAnswer) followUps.ask(assignment.name, () => check(deps, assignment, { account, description }));
      return isNew;
    },
  };
}

/**
 * The check. It reads without the lock: a removal by this process sees the volume's file system as others' do, and what has time
 * holds up neither a deletion nor a creation. Nothing is put back where no volume of this identity is left: another replica may
 * have deleted the one that was asked for, and the next may be another identity's. This process's own removals hold the lock
 * alone, so that none of them is undone.
 */
async function check(
  deps: Dependencies,
  assignment: RoleAssignment,
  { account, description }: { readonly account: AccountRef; readonly description: string },
): Promise<void> {
  const { roleAssignments, accountLock, observer } = deps.ports;
  const found = await roleAssignments.find(assignment.scope, assignment.name);
  if (found !== undefined) return assertSame(found, assignment);
  const putBack = async () => {
    const fileSystems = await listFileSystems(deps, account);
    if (!fileSystems.some((each) => mayBeOpenFor(each, assignment.principalId))) return;
    const how = await roleAssignments.create(assignment, description);
    observer.roleAssignmentCreated(assignment, how === "created" ? "put back" : how);
  };
  // As urgent as a creation: a volume may be without access.
  await runFor("create", () => accountLock.shared(accountKey(account), putBack));
}
