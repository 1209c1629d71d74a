/** What is known to be missing, from round to round: a loss counts once single reads have said the same in two of them. */
import { isTransient } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import type { BoundVolume } from "./bound-volumes.ts";
import { type CertainLoss, type Confirmation, createConfirmation } from "./confirmation.ts";
import type { LookedAt, Loss } from "./losses.ts";

/** A loss that single reads have confirmed. */
export interface Finding {
  readonly volume: BoundVolume;
  readonly loss: CertainLoss;
  /** When it was first confirmed, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Whether a second round has confirmed it too. */
  readonly isCertain: boolean;
}

/** What a round hands over. */
export interface RoundResult {
  readonly looked: LookedAt;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Receives what fails. */
  readonly failed: (error: unknown) => void;
}

export interface Findings {
  /** What is missing now, by this round's lists and by reads of what they do not show. */
  update(round: RoundResult): Promise<readonly Finding[]>;
}

interface Suspect {
  readonly volume: BoundVolume;
  readonly loss: Loss;
}

interface Reading extends RoundResult {
  readonly confirmation: Confirmation;
  /** Subscriptions in which a read has failed in a way that the next one would too. */
  readonly failing: Set<string>;
}

export function createFindings(deps: Dependencies): Findings {
  /** Both by the PersistentVolume's name. */
  let before: ReadonlyMap<string, Finding> = new Map();
  let readIn: ReadonlyMap<string, number> = new Map();
  let round = 0;

  /** What was found in one round is confirmed before what is new, and that in turns: reads are limited. */
  function inOrder(suspects: readonly Suspect[]): Suspect[] {
    const turnOf = ({ volume: { name } }: Suspect) => (before.has(name) ? -1 : (readIn.get(name) ?? 0));
    return [...suspects].sort((a, b) => turnOf(a) - turnOf(b));
  }

  async function judge(reading: Reading, { volume, loss }: Suspect): Promise<Finding | undefined> {
    const known = before.get(volume.name);
    const { confirmation, failing, nowMs, failed } = reading;
    const { subscriptionId } = volume.fileSystem.account;
    if (isSettled(known, loss) || confirmation.isSpent() || failing.has(subscriptionId)) return known;
    reading.signal.throwIfAborted();
    try {
      const certain = await confirmation.confirm(volume, loss);
      if (certain === undefined) return undefined;
      const isSame = known !== undefined && isAccess(known.loss) === isAccess(loss);
      return { volume, loss: certain, sinceMs: isSame ? known.sinceMs : nowMs, isCertain: isSame };
    } catch (error) {
      if (isTransient(error)) failing.add(subscriptionId);
      failed(error);
      return known;
    }
  }

  return {
    async update(result) {
      round += 1;
      const found = keepUnseen(result.looked, before);
      const suspects = result.looked.seen.flatMap(({ volume, loss }) => (loss === undefined ? [] : [{ volume, loss }]));
      const reading = { ...result, confirmation: createConfirmation(deps), failing: new Set<string>() };
      const read = new Map<string, number>();
      for (const suspect of inOrder(suspects)) {
        const { name } = suspect.volume;
        read.set(name, reading.confirmation.isSpent() ? (readIn.get(name) ?? 0) : round);
        const finding = await judge(reading, suspect);
        if (finding !== undefined) found.set(name, finding);
      }
      before = found;
      readIn = read;
      return [...found.values()];
    },
  };
}

/** What could not be looked at stays what it was. */
function keepUnseen({ seen, unseen }: LookedAt, before: ReadonlyMap<string, Finding>): Map<string, Finding> {
  const kept = new Map<string, Finding>();
  const keep = ({ name }: BoundVolume) => {
    const known = before.get(name);
    if (known !== undefined) kept.set(name, known);
  };
  unseen.forEach(keep);
  for (const { volume, loss, isAccessSeen } of seen) {
    const known = before.get(volume.name);
    if (loss === undefined && !isAccessSeen && known !== undefined && isAccess(known.loss)) keep(volume);
  }
  return kept;
}

/** Whether a list has said what single reads have said twice. Access may be back although the metadata does not say for whom. */
function isSettled(known: Finding | undefined, loss: Loss): boolean {
  if (known === undefined || !known.isCertain) return false;
  if (loss.what !== "access" || known.loss.what !== "access") return known.loss.what === loss.what;
  const { assignment } = known.loss;
  return assignment === undefined || !loss.grants(known.volume.fileSystem, assignment.principalId);
}

function isAccess({ what }: Pick<Loss, "what">): boolean {
  return what === "access";
}
