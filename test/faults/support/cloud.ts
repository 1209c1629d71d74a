// An emulator in this process, with a ready file for services in other processes, and a way to hold a service at exactly one
// of its calls.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { LoggedCall } from "../../../src/emulator/call-log.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../src/emulator/emulator.ts";
import type { FaultMatch, FaultMoment } from "../../../src/emulator/faults/faults.ts";
import { heldContainers, heldRoleAssignments } from "../../support/held.ts";

/** What Azure holds now, except deletions that are still propagating. Sorted, so that two censuses can be compared. */
export interface Census {
  readonly accounts: readonly string[];
  /** `account/container`. */
  readonly containers: readonly string[];
  /** `scope|principal|role`: two equal entries are duplicates, whatever their names. */
  readonly roleAssignments: readonly string[];
}

export interface Cloud {
  readonly emulator: Emulator;
  readonly folder: string;
  readonly readyFile: string;
  census(): Census;
  /** Calls to ARM and Blob since the last `forgetCalls`: those that create or read something of a volume. */
  calls(): readonly LoggedCall[];
  forgetCalls(): void;
  /** Resolves when a call that matches is stopped: before Azure has seen it, or after it took effect. */
  hold(match: FaultMatch, skip: number, moment: FaultMoment): Promise<void>;
  /** Releases the held call (its connection is cut) and ends every scripted fault. */
  clearFaults(): void;
  /** Removes everything created since the start. */
  empty(): void;
  stop(): Promise<void>;
}

/** Nothing is left running when it rejects. */
export async function startCloud(options: EmulatorOptions = {}): Promise<Cloud> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
  const readyFile = join(folder, "ready.json");
  const emulator = await startEmulator({ ...options, readyFile });
  setDefaultCACertificates([...getCACertificates("default"), emulator.ca]);
  const { world, calls, faults } = emulator;
  const seeded = new Set(world.roleAssignments.keys());
  return {
    emulator,
    folder,
    readyFile,
    census: () => takeCensus(emulator, seeded),
    calls: () => calls.report().calls.filter(({ service }) => service === "arm" || service === "blob"),
    forgetCalls: () => calls.clear(),
    hold: (match, skip, moment) => hold(emulator, { match, skip, moment }),
    clearFaults: () => faults.clear(),
    empty() {
      world.accounts.clear();
      world.containers.clear();
      for (const name of world.roleAssignments.keys()) if (!seeded.has(name)) world.roleAssignments.delete(name);
    },
    async stop() {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function takeCensus({ world }: Emulator, seeded: ReadonlySet<string>): Census {
  const assignments = heldRoleAssignments(world).filter(({ name }) => !seeded.has(name));
  return {
    accounts: [...world.accounts.keys()].sort(),
    containers: heldContainers(world)
      .map(({ account, name }) => `${account}/${name}`)
      .sort(),
    roleAssignments: assignments
      .map(({ scope, principalId, roleDefinitionName }) => `${scope}|${principalId}|${roleDefinitionName}`)
      .sort(),
  };
}

/**
 * The emulator awaits "the faults were cleared" exactly when a call hangs: `before`, ahead of handling it; `after`, behind.
 * Listening for that await gives the exact moment, without a guess at how long the handling takes.
 */
function hold({ faults }: Emulator, rule: { match: FaultMatch; skip: number; moment: FaultMoment }): Promise<void> {
  const reached = Promise.withResolvers<void>();
  const cleared = faults.cleared.bind(faults);
  faults.cleared = () => {
    const promise = cleared();
    const listen = promise.then.bind(promise);
    // biome-ignore lint/suspicious/noThenProperty: the point is to see who awaits
    return Object.defineProperty(promise, "then", {
      value: (...listeners: Parameters<typeof listen>) => {
        reached.resolve();
        return listen(...listeners);
      },
    });
  };
  const { match, skip, moment } = rule;
  faults.add({ match, skip, action: { hang: "forever", when: moment } });
  return reached.promise.finally(() => {
    faults.cleared = cleared;
  });
}
