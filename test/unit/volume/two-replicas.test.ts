// Two replicas that remember role assignments at an account, create volumes in it and delete them, in many random orders of
// their single calls to Azure: in the end each volume that exists has its access, and an empty account has no assignment.
import assert from "node:assert/strict";
import { createFollowUps } from "../../../src/concurrency/follow-ups.ts";
import { createReadersWriterLock } from "../../../src/concurrency/readers-writer-lock.ts";
import { NO_CLUSTER } from "../../../src/kubernetes/cluster.ts";
import { rememberRoleAssignments } from "../../../src/volume/access/remembered-assignments.ts";
import type { Ports } from "../../../src/volume/ports.ts";
import { createVolumes } from "../../../src/volume/volumes.ts";
import { createFakeTime, settle } from "../../support/fake-time.ts";
import { createMemoryCloud, type MemoryCloud, memoryBackend } from "../../support/memory-backend.ts";
import { silentObserver } from "../../support/silent-observer.ts";
import { CLIENT, PRINCIPAL, SETTINGS } from "../../support/volume-settings.ts";

const ORDERS = 400;
/** Calls of a deletion, each twice. */
const MOST_STEPS = 40;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets what waits go on one by one, in random order. */
function createScheduler(random: () => number) {
  const waiting: (() => void)[] = [];
  const step = () => new Promise<void>((go) => void waiting.push(go));
  return {
    /** Begins the work after some other steps: a creation has fewer than a deletion. */
    async later<T>(work: () => Promise<T>): Promise<T> {
      for (let steps = Math.floor(random() * MOST_STEPS); steps > 0; steps--) await step();
      return await work();
    },
    /** The same object; its methods wait before they take effect, and again before they answer. */
    scheduled<T extends object>(port: T): T {
      const get = (target: T, name: string | symbol) => {
        const method = (target as Record<string | symbol, (...args: unknown[]) => unknown>)[name];
        if (method === undefined || name === "assertRoom") return method;
        return async (...args: unknown[]) => {
          await step();
          const answer = await method(...args);
          await step();
          return answer;
        };
      };
      return new Proxy(port, { get });
    },
    async runUntil(done: Promise<unknown>): Promise<void> {
      let isDone = false;
      const end = () => {
        isDone = true;
      };
      done.then(end, end);
      for (await settle(); !isDone; await settle()) {
        const [next] = waiting.splice(Math.floor(random() * waiting.length), 1);
        next?.();
      }
      await done;
    },
  };
}

type Scheduler = ReturnType<typeof createScheduler>;

function startReplica(cloud: MemoryCloud, { scheduled }: Scheduler) {
  let ticks = 0;
  const now = () => ++ticks;
  const observer = silentObserver();
  const followUps = createFollowUps({ task: "access-check", time: createFakeTime(), observer });
  const { find, create, remove, ...lists } = cloud.roleAssignments;
  const calls = scheduled({ find, create, remove, listAtAndAbove: lists.listAtAndAbove });
  const asked = {
    ...lists,
    find: calls.find,
    create: calls.create,
    remove: calls.remove,
    listAtAndAbove: calls.listAtAndAbove,
  };
  const ports = {
    accounts: cloud.accounts,
    fileSystems: scheduled(cloud.fileSystems),
    roleAssignments: rememberRoleAssignments(asked, { rememberMs: Number.MAX_SAFE_INTEGER, now }),
    identities: { findReadable: async () => [] } as unknown as Ports["identities"],
    access: { listRoles: async () => [], listDenials: async () => [] },
    cluster: { ...NO_CLUSTER, findNamespaceUid: async () => "uid-1" },
    observer,
    accountLock: createReadersWriterLock(),
    followUps,
  } satisfies Ports;
  const settings = { ...SETTINGS, mountChecks: "off" as const, roleId: memoryBackend.dataRoleId("") };
  const volumes = createVolumes({ ports, settings, backend: memoryBackend });
  return {
    finish: followUps.finish,
    create: (number: number) =>
      volumes.create({
        name: `pvc-00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
        requiredBytes: 1,
        limitBytes: 0,
        parameters: { clientID: CLIENT, principalID: PRINCIPAL, isolation: "namespace", grantScope: "account" },
        claim: { namespace: "team", name: `claim-${number}` },
        mountFlags: [],
        accessModes: [],
      }),
    delete: volumes.delete,
  };
}

describe("two replicas at one account", () => {
  /** What it holds once both have created and deleted at the same time, in an order of the seed. */
  async function play(seed: number): Promise<{ readonly volumes: number; readonly assignments: number }> {
    const random = createRandom(seed);
    const cloud = createMemoryCloud();
    const scheduler = createScheduler(random);
    const replicas = [startReplica(cloud, scheduler), startReplica(cloud, scheduler)] as const;
    const made: string[] = [];
    // Both remember the assignment before it is taken away.
    const createAt = async (replica: number, number: number) => {
      made.push((await (replicas[replica] ?? replicas[0]).create(number)).id);
    };
    await scheduler.runUntil(createAt(0, 0));
    await scheduler.runUntil(createAt(1, 1));
    const deleteAt = async (replica: number, id: string) => await (replicas[replica] ?? replicas[0]).delete(id);
    const [first = "", second = ""] = made;
    const work = [() => deleteAt(0, first), () => deleteAt(random() < 0.5 ? 0 : 1, second)];
    const creates = Math.floor(random() * 3);
    for (let count = 0; count < creates; count++) work.push(() => createAt(random() < 0.5 ? 0 : 1, 2 + count));
    await scheduler.runUntil(Promise.all(work.sort(() => random() - 0.5).map(scheduler.later)));
    await scheduler.runUntil(Promise.all(replicas.map(({ finish }) => finish())));
    return { volumes: cloud.held.buckets.size, assignments: cloud.held.roleAssignments.size };
  }

  it(`leave no volume without access, and no access without a volume, in ${ORDERS} orders of their calls`, async () => {
    const seen = new Map<number, number>();
    for (let seed = 1; seed <= ORDERS; seed++) {
      const { volumes, assignments } = await play(seed);
      seen.set(volumes, (seen.get(volumes) ?? 0) + 1);
      assert.equal(assignments, volumes > 0 ? 1 : 0, `order ${seed}: ${volumes} volumes`);
    }
    assert(
      [0, 1, 2].every((volumes) => (seen.get(volumes) ?? 0) > ORDERS / 10),
      "the orders differ in what is left",
    );
  });
});
